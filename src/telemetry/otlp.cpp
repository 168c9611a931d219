#include "telemetry/otlp.hpp"

#include <google/protobuf/stubs/logging.h>

#include "base/bytes.hpp"
#include "otlp/v1/otlp.pb.h"

namespace telemetry {
namespace {

namespace pb = otlp::v1;

/// Spec: OTLP, Span.flags: bits 8 and 9 say whether it is known that the parent is remote, and whether it is.
constexpr std::uint32_t kSampled = 1;
constexpr std::uint32_t kHasIsRemote = 0x100;
constexpr std::uint32_t kIsRemote = 0x200;
/// Of a receiver, in the log and to opampctl.
constexpr std::size_t kLongestWord = 1000;

void write(const Value& value, pb::AnyValue& to) {
    if (const auto* text = std::get_if<std::string>(&value))
        to.set_string_value(base::to_valid_utf8(*text));
    else if (const auto* yes = std::get_if<bool>(&value))
        to.set_bool_value(*yes);
    else if (const auto* number = std::get_if<std::int64_t>(&value))
        to.set_int_value(*number);
    else
        to.set_double_value(std::get<double>(value));
}

template <typename Message>
void write(const Attributes& attributes, Message& to) {
    for (const auto& [name, value] : attributes) {
        pb::KeyValue& pair = *to.add_attributes();
        pair.set_key(base::to_valid_utf8(name));
        write(value, *pair.mutable_value());
    }
}

std::string id_bytes(const auto& id) {
    return id.is_valid() ? std::string(id.view()) : std::string();
}

template <typename Scoped>
void write_scope(const Source& source, Scoped& to) {
    to.mutable_scope()->set_name(source.scope);
    to.mutable_scope()->set_version(source.scope_version);
}

void write(const SpanContext& link, pb::Span::Link& to) {
    to.set_trace_id(id_bytes(link.trace_id));
    to.set_span_id(id_bytes(link.span_id));
    to.set_trace_state(link.trace_state);
    to.set_flags((link.is_sampled ? kSampled : 0) | kHasIsRemote | (link.is_remote ? kIsRemote : 0));
}

void write(const SpanRecord& span, pb::Span& to) {
    to.set_trace_id(id_bytes(span.context.trace_id));
    to.set_span_id(id_bytes(span.context.span_id));
    to.set_trace_state(span.context.trace_state);
    to.set_parent_span_id(id_bytes(span.parent_span_id));
    to.set_flags(kSampled | kHasIsRemote | (span.has_remote_parent ? kIsRemote : 0));
    to.set_name(base::to_valid_utf8(span.name));
    to.set_kind(static_cast<pb::Span::SpanKind>(span.kind));
    to.set_start_time_unix_nano(span.start_time_unix_nano);
    to.set_end_time_unix_nano(span.end_time_unix_nano);
    write(span.attributes, to);
    to.set_dropped_attributes_count(span.dropped_attributes);
    for (const SpanEvent& event : span.events) {
        pb::Span::Event& written = *to.add_events();
        written.set_time_unix_nano(event.time_unix_nano);
        written.set_name(base::to_valid_utf8(event.name));
        write(event.attributes, written);
    }
    to.set_dropped_events_count(span.dropped_events);
    for (const SpanContext& link : span.links) write(link, *to.add_links());
    to.set_dropped_links_count(span.dropped_links);
    if (span.status == SpanStatus::unset) return;
    to.mutable_status()->set_code(static_cast<pb::Status::StatusCode>(span.status));
    to.mutable_status()->set_message(base::to_valid_utf8(span.status_message));
}

std::string_view severity_text(Severity severity) {
    switch (severity) {
    case Severity::debug: return "DEBUG";
    case Severity::info: return "INFO";
    case Severity::warn: return "WARN";
    case Severity::error: return "ERROR";
    }
    return "INFO";
}

void write(const LogRecord& record, pb::LogRecord& to) {
    to.set_time_unix_nano(record.time_unix_nano);
    to.set_observed_time_unix_nano(record.time_unix_nano);
    to.set_severity_number(static_cast<int>(record.severity));
    to.set_severity_text(std::string(severity_text(record.severity)));
    to.set_event_name(base::to_valid_utf8(record.event_name));
    if (!record.body.empty()) to.mutable_body()->set_string_value(base::to_valid_utf8(record.body));
    write(record.attributes, to);
    to.set_trace_id(id_bytes(record.trace_id));
    to.set_span_id(id_bytes(record.span_id));
    to.set_flags(record.is_sampled ? kSampled : 0);
}

struct Period {
    std::uint64_t start_unix_nano;
    std::uint64_t now_unix_nano;
};

void write_number(const MetricPoint& point, const Period& period, bool is_cumulative, pb::NumberDataPoint& to) {
    write(point.attributes, to);
    if (is_cumulative) to.set_start_time_unix_nano(period.start_unix_nano);
    to.set_time_unix_nano(period.now_unix_nano);
    to.set_as_double(point.value);
}

void write_histogram(const MetricPoint& point, const Period& period, const MetricInfo& info,
                     pb::HistogramDataPoint& to) {
    write(point.attributes, to);
    to.set_start_time_unix_nano(period.start_unix_nano);
    to.set_time_unix_nano(period.now_unix_nano);
    to.set_count(point.count);
    to.set_sum(point.value);
    to.set_min(point.min);
    to.set_max(point.max);
    for (const std::uint64_t count : point.buckets) to.add_bucket_counts(count);
    for (const double bound : info.bounds) to.add_explicit_bounds(bound);
}

void write(const MetricData& metric, const Period& period, pb::Metric& to) {
    const MetricInfo& info = *metric.info;
    to.set_name(info.name);
    to.set_unit(info.unit);
    to.set_description(info.description);
    switch (info.kind) {
    case MetricKind::counter:
    case MetricKind::up_down_counter:
        to.mutable_sum()->set_aggregation_temporality(pb::AGGREGATION_TEMPORALITY_CUMULATIVE);
        to.mutable_sum()->set_is_monotonic(info.kind == MetricKind::counter);
        for (const MetricPoint& point : metric.points)
            write_number(point, period, true, *to.mutable_sum()->add_data_points());
        break;
    case MetricKind::gauge:
        for (const MetricPoint& point : metric.points)
            write_number(point, period, false, *to.mutable_gauge()->add_data_points());
        break;
    case MetricKind::histogram:
        to.mutable_histogram()->set_aggregation_temporality(pb::AGGREGATION_TEMPORALITY_CUMULATIVE);
        for (const MetricPoint& point : metric.points)
            write_histogram(point, period, info, *to.mutable_histogram()->add_data_points());
        break;
    }
}

}  // namespace

std::string encode(const Source& source, const std::vector<SpanRecord>& spans) {
    pb::ExportTraceServiceRequest request;
    pb::ResourceSpans& of_resource = *request.add_resource_spans();
    write(source.resource, *of_resource.mutable_resource());
    pb::ScopeSpans& of_scope = *of_resource.add_scope_spans();
    write_scope(source, of_scope);
    for (const SpanRecord& span : spans) write(span, *of_scope.add_spans());
    return request.SerializeAsString();
}

std::string encode(const Source& source, const std::vector<LogRecord>& records) {
    pb::ExportLogsServiceRequest request;
    pb::ResourceLogs& of_resource = *request.add_resource_logs();
    write(source.resource, *of_resource.mutable_resource());
    pb::ScopeLogs& of_scope = *of_resource.add_scope_logs();
    write_scope(source, of_scope);
    for (const LogRecord& record : records) write(record, *of_scope.add_log_records());
    return request.SerializeAsString();
}

std::string encode(const Source& source, const std::vector<MetricData>& metrics, std::uint64_t start_unix_nano,
                   std::uint64_t now_unix_nano) {
    pb::ExportMetricsServiceRequest request;
    pb::ResourceMetrics& of_resource = *request.add_resource_metrics();
    write(source.resource, *of_resource.mutable_resource());
    pb::ScopeMetrics& of_scope = *of_resource.add_scope_metrics();
    write_scope(source, of_scope);
    for (const MetricData& metric : metrics) write(metric, {start_unix_nano, now_unix_nano}, *of_scope.add_metrics());
    return request.SerializeAsString();
}

std::optional<PartialSuccess> parse_response(std::string_view body) {
    const google::protobuf::LogSilencer silent;
    pb::ExportServiceResponse response;
    if (!response.ParseFromArray(body.data(), static_cast<int>(body.size()))) return std::nullopt;
    const pb::PartialSuccess& partial = response.partial_success();
    if (partial.rejected() <= 0 && partial.error_message().empty()) return std::nullopt;
    return PartialSuccess{static_cast<std::uint64_t>(std::max<std::int64_t>(0, partial.rejected())),
                          base::shortened(partial.error_message(), kLongestWord)};
}

std::string parse_error(std::string_view body) {
    const google::protobuf::LogSilencer silent;
    pb::RpcStatus status;
    if (!status.ParseFromArray(body.data(), static_cast<int>(body.size()))) return {};
    return base::shortened(status.message(), kLongestWord);
}

}  // namespace telemetry
