// Requests of OTLP, and a sink that remembers what was read of them.
#pragma once

#include <otlp/v1/otlp.pb.h>

#include <string>
#include <vector>

#include "server/otlp.hpp"
#include "unit/server/rig.hpp"

namespace server_test {

namespace otlp_pb = ::otlp::v1;

constexpr std::uint64_t kNoon = 1'700'000'000'000'000'000;  ///< 2023-11-14T22:13:20Z in nanoseconds.
const std::string kTraceId(16, '\x0A');

inline std::string span_id(int number) {
    return std::string(7, '\0') + static_cast<char>(number);
}

template <typename Attributes>
void set_text(Attributes* attributes, const std::string& key, const std::string& value) {
    auto* attribute = attributes->Add();
    attribute->set_key(key);
    attribute->mutable_value()->set_string_value(value);
}

/// That many attributes, each of another name.
template <typename Attributes>
void set_texts(Attributes* attributes, int count) {
    for (int i = 0; i < count; ++i) set_text(attributes, "k" + std::to_string(i), "v");
}

/// A part of that resource; `instance`: its service.instance.id.
template <typename Group>
void set_resource(Group* group, const std::string& service, const std::string& instance = {}) {
    auto* attributes = group->mutable_resource()->mutable_attributes();
    set_text(attributes, "service.name", service);
    if (!instance.empty()) set_text(attributes, "service.instance.id", instance);
}

struct Spans {
    explicit Spans(const std::string& service = "opampd", const std::string& instance = kUid.text()) {
        auto* group = request.add_resource_spans();
        set_resource(group, service, instance);
        scope = group->add_scope_spans();
        scope->mutable_scope()->set_name("rollout");
    }
    /// The `number`th millisecond long; `parent` 0: the root.
    otlp_pb::Span& add(int number, int parent, const std::string& name, const std::string& trace = kTraceId) {
        otlp_pb::Span& span = *scope->add_spans();
        span.set_trace_id(trace);
        span.set_span_id(span_id(number));
        if (parent != 0) span.set_parent_span_id(span_id(parent));
        span.set_name(name);
        span.set_start_time_unix_nano(kNoon + 1'000'000ull * number);
        span.set_end_time_unix_nano(kNoon + 2'000'000ull * number);
        return span;
    }
    std::string bytes() const { return request.SerializeAsString(); }

    otlp_pb::ExportTraceServiceRequest request;
    otlp_pb::ScopeSpans* scope;
};

struct Records {
    explicit Records(const std::string& instance = kUid.text()) {
        auto* group = request.add_resource_logs();
        set_resource(group, "opampd", instance);
        scope = group->add_scope_logs();
    }
    otlp_pb::LogRecord& add(int second, const std::string& body, int severity = 9) {
        otlp_pb::LogRecord& record = *scope->add_log_records();
        record.set_time_unix_nano(kNoon + 1'000'000'000ull * second);
        record.set_severity_number(severity);
        record.mutable_body()->set_string_value(body);
        return record;
    }
    std::string bytes() const { return request.SerializeAsString(); }

    otlp_pb::ExportLogsServiceRequest request;
    otlp_pb::ScopeLogs* scope;
};

struct Metrics {
    explicit Metrics(const std::string& instance = kUid.text()) {
        auto* group = request.add_resource_metrics();
        set_resource(group, "opampd", instance);
        scope = group->add_scope_metrics();
    }
    otlp_pb::NumberDataPoint& gauge(const std::string& name, double value, int second = 0) {
        otlp_pb::Metric& metric = *scope->add_metrics();
        metric.set_name(name);
        auto& point = *metric.mutable_gauge()->add_data_points();
        point.set_as_double(value);
        point.set_time_unix_nano(kNoon + 1'000'000'000ull * second);
        return point;
    }
    std::string bytes() const { return request.SerializeAsString(); }

    otlp_pb::ExportMetricsServiceRequest request;
    otlp_pb::ScopeMetrics* scope;
};

struct RememberingSink : server::TelemetrySink {
    void begin(const server::Resource& resource) override { resources.push_back(resource); }
    base::Result<void> add(const server::Span& span) override { return spans.push_back(span), outcome; }
    base::Result<void> add(const server::LogRecord& record) override { return records.push_back(record), outcome; }
    base::Result<void> add(const server::MetricPoint& point) override { return points.push_back(point), outcome; }

    std::vector<server::Resource> resources;
    std::vector<server::Span> spans;
    std::vector<server::LogRecord> records;
    std::vector<server::MetricPoint> points;
    base::Result<void> outcome;
};

}  // namespace server_test
