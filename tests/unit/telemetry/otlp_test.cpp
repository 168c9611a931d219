#include "telemetry/otlp.hpp"

#include <catch2/catch.hpp>

#include "otlp/v1/otlp.pb.h"
#include "telemetry/ids.hpp"

namespace pb = otlp::v1;
using telemetry::LogRecord;
using telemetry::MetricKind;
using telemetry::Severity;
using telemetry::Source;
using telemetry::SpanContext;
using telemetry::SpanKind;
using telemetry::SpanRecord;
using telemetry::SpanStatus;

namespace {

const std::string kBroken =
    "a\xff"
    "b";
const std::string kMended =
    "a\xef\xbf\xbd"
    "b";
const Source kSource{{{"service.name", "agent"}, {"process.pid", std::int64_t{7}}}, "opampd", "1.2.3"};

template <typename Message>
Message decoded(const std::string& bytes) {
    Message message;
    REQUIRE(message.ParseFromString(bytes));
    return message;
}

/// The attributes as text: "name=value ".
std::string text_of(const auto& pairs) {
    std::string text;
    for (const pb::KeyValue& pair : pairs) {
        const pb::AnyValue& value = pair.value();
        text += pair.key() + "=";
        switch (value.value_case()) {
        case pb::AnyValue::kStringValue: text += "'" + value.string_value() + "'"; break;
        case pb::AnyValue::kBoolValue: text += value.bool_value() ? "true" : "false"; break;
        case pb::AnyValue::kIntValue: text += std::to_string(value.int_value()); break;
        case pb::AnyValue::kDoubleValue: text += std::to_string(value.double_value()); break;
        default: text += "?";
        }
        text += " ";
    }
    return text;
}

pb::Span encoded(const SpanRecord& record) {
    const auto request = decoded<pb::ExportTraceServiceRequest>(encode(kSource, std::vector{record}));
    REQUIRE(request.resource_spans_size() == 1);
    CHECK(text_of(request.resource_spans(0).resource().attributes()) == "service.name='agent' process.pid=7 ");
    const pb::ScopeSpans& scope = request.resource_spans(0).scope_spans(0);
    CHECK(scope.scope().name() == "opampd");
    CHECK(scope.scope().version() == "1.2.3");
    REQUIRE(scope.spans_size() == 1);
    return scope.spans(0);
}

pb::LogRecord encoded(const LogRecord& record) {
    const auto request = decoded<pb::ExportLogsServiceRequest>(encode(kSource, std::vector{record}));
    REQUIRE(request.resource_logs_size() == 1);
    CHECK(request.resource_logs(0).resource().attributes_size() == 2);
    CHECK(request.resource_logs(0).scope_logs(0).scope().name() == "opampd");
    REQUIRE(request.resource_logs(0).scope_logs(0).log_records_size() == 1);
    return request.resource_logs(0).scope_logs(0).log_records(0);
}

SpanContext new_context(bool is_sampled, bool is_remote) {
    return {telemetry::new_trace_id(), telemetry::new_span_id(), is_sampled, is_remote, "vendor=1"};
}

}  // namespace

TEST_CASE("a span is on the wire what it was", "[telemetry][otlp]") {
    SpanRecord record;
    record.context = new_context(true, false);
    record.parent_span_id = telemetry::new_span_id();
    record.has_remote_parent = true;
    record.name = "stage";
    record.kind = SpanKind::client;
    record.start_time_unix_nano = 1'700'000'000'000'000'001;
    record.end_time_unix_nano = 1'700'000'000'000'000'002;
    record.attributes = {{"text", "a"}, {"yes", true}, {"number", std::int64_t{-5}}, {"fraction", 0.5}};
    record.events = {{42, "killed", {{"signal", std::int64_t{9}}}}};
    record.links = {new_context(true, true), new_context(false, false)};
    record.status = SpanStatus::error;
    record.status_message = "exit code 3";
    record.dropped_attributes = 1;
    record.dropped_events = 2;
    record.dropped_links = 3;

    const pb::Span span = encoded(record);
    CHECK(span.trace_id() == record.context.trace_id.view());
    CHECK(span.span_id() == record.context.span_id.view());
    CHECK(span.parent_span_id() == record.parent_span_id.view());
    CHECK(span.trace_state() == "vendor=1");
    CHECK(span.flags() == 0x301);
    CHECK(span.name() == "stage");
    CHECK(span.kind() == pb::Span::SPAN_KIND_CLIENT);
    CHECK(span.start_time_unix_nano() == record.start_time_unix_nano);
    CHECK(span.end_time_unix_nano() == record.end_time_unix_nano);
    CHECK(text_of(span.attributes()) == "text='a' yes=true number=-5 fraction=0.500000 ");
    REQUIRE(span.events_size() == 1);
    CHECK(span.events(0).time_unix_nano() == 42);
    CHECK(span.events(0).name() == "killed");
    CHECK(text_of(span.events(0).attributes()) == "signal=9 ");
    REQUIRE(span.links_size() == 2);
    CHECK(span.links(0).trace_id() == record.links[0].trace_id.view());
    CHECK(span.links(0).span_id() == record.links[0].span_id.view());
    CHECK(span.links(0).trace_state() == "vendor=1");
    CHECK(span.links(0).flags() == 0x301);
    CHECK(span.links(1).flags() == 0x100);
    CHECK(span.status().code() == pb::Status::STATUS_CODE_ERROR);
    CHECK(span.status().message() == "exit code 3");
    CHECK(span.dropped_attributes_count() == 1);
    CHECK(span.dropped_events_count() == 2);
    CHECK(span.dropped_links_count() == 3);
}

TEST_CASE("what a span does not have is not on the wire", "[telemetry][otlp]") {
    SpanRecord record;
    record.context = new_context(true, false);
    const pb::Span span = encoded(record);
    CHECK(span.parent_span_id().empty());
    CHECK(span.flags() == 0x101);
    CHECK_FALSE(span.has_status());
    record.status = SpanStatus::ok;
    CHECK(encoded(record).status().code() == pb::Status::STATUS_CODE_OK);
}

TEST_CASE("every kind of span has its number on the wire", "[telemetry][otlp]") {
    struct Row {
        SpanKind kind;
        pb::Span::SpanKind number;
    };
    const auto row = GENERATE(values<Row>({{SpanKind::internal, pb::Span::SPAN_KIND_INTERNAL},
                                           {SpanKind::server, pb::Span::SPAN_KIND_SERVER},
                                           {SpanKind::client, pb::Span::SPAN_KIND_CLIENT},
                                           {SpanKind::producer, pb::Span::SPAN_KIND_PRODUCER},
                                           {SpanKind::consumer, pb::Span::SPAN_KIND_CONSUMER}}));
    SpanRecord record;
    record.kind = row.kind;
    CHECK(encoded(record).kind() == row.number);
}

TEST_CASE("a log record is on the wire what it was", "[telemetry][otlp]") {
    LogRecord record;
    record.time_unix_nano = 99;
    record.severity = Severity::warn;
    record.event_name = "agent.exited";
    record.body = "the agent ended";
    record.attributes = {{"pid", std::int64_t{4711}}};
    record.trace_id = telemetry::new_trace_id();
    record.span_id = telemetry::new_span_id();
    record.is_sampled = true;
    const pb::LogRecord log = encoded(record);
    CHECK(log.time_unix_nano() == 99);
    CHECK(log.observed_time_unix_nano() == 99);
    CHECK(log.severity_number() == 13);
    CHECK(log.severity_text() == "WARN");
    CHECK(log.event_name() == "agent.exited");
    CHECK(log.body().string_value() == "the agent ended");
    CHECK(text_of(log.attributes()) == "pid=4711 ");
    CHECK(log.trace_id() == record.trace_id.view());
    CHECK(log.span_id() == record.span_id.view());
    CHECK(log.flags() == 1);

    const pb::LogRecord bare = encoded(LogRecord{});
    CHECK_FALSE(bare.has_body());
    CHECK(bare.trace_id().empty());
    CHECK(bare.span_id().empty());
    CHECK(bare.flags() == 0);
    CHECK(bare.severity_number() == 9);
}

TEST_CASE("every severity has its number and its text", "[telemetry][otlp]") {
    struct Row {
        Severity severity;
        int number;
        const char* text;
    };
    const auto row = GENERATE(values<Row>({{Severity::debug, 5, "DEBUG"},
                                           {Severity::info, 9, "INFO"},
                                           {Severity::warn, 13, "WARN"},
                                           {Severity::error, 17, "ERROR"}}));
    LogRecord record;
    record.severity = row.severity;
    CHECK(encoded(record).severity_number() == row.number);
    CHECK(encoded(record).severity_text() == row.text);
}

TEST_CASE("texts that are not UTF-8 are made so, wherever they are", "[telemetry][otlp]") {
    SpanRecord record;
    record.name = record.status_message = kBroken;
    record.status = SpanStatus::error;
    record.attributes = {{kBroken, kBroken}};
    record.events = {{1, kBroken, {{"a", kBroken}}}};
    const pb::Span span = encoded(record);
    CHECK(span.name() == kMended);
    CHECK(span.status().message() == kMended);
    CHECK(text_of(span.attributes()) == kMended + "='" + kMended + "' ");
    CHECK(span.events(0).name() == kMended);
    CHECK(text_of(span.events(0).attributes()) == "a='" + kMended + "' ");

    LogRecord log;
    log.body = log.event_name = kBroken;
    log.attributes = {{"a", kBroken}};
    CHECK(encoded(log).body().string_value() == kMended);
    CHECK(encoded(log).event_name() == kMended);
    CHECK(text_of(encoded(log).attributes()) == "a='" + kMended + "' ");
}

TEST_CASE("metrics are on the wire what they have come to", "[telemetry][otlp]") {
    telemetry::Meter meter;
    meter.add({"restarts", MetricKind::counter, "{restart}", "how often"}).add(3, {{"reason", "exit"}});
    meter.add({"open", MetricKind::up_down_counter, "{connection}", ""}).add(-1);
    meter.add({"memory", MetricKind::gauge, "By", ""}).set(1024);
    auto& histogram = meter.add({"duration", MetricKind::histogram, "s", "", {0.1, 1}});
    histogram.record(0.1);
    histogram.record(5);

    const auto request =
        decoded<pb::ExportMetricsServiceRequest>(encode(kSource, meter.collect(), std::uint64_t{10}, 20));
    REQUIRE(request.resource_metrics_size() == 1);
    CHECK(request.resource_metrics(0).resource().attributes_size() == 2);
    const pb::ScopeMetrics& scope = request.resource_metrics(0).scope_metrics(0);
    CHECK(scope.scope().name() == "opampd");
    REQUIRE(scope.metrics_size() == 4);

    const pb::Metric& restarts = scope.metrics(0);
    CHECK(restarts.name() == "restarts");
    CHECK(restarts.unit() == "{restart}");
    CHECK(restarts.description() == "how often");
    CHECK(restarts.sum().is_monotonic());
    CHECK(restarts.sum().aggregation_temporality() == pb::AGGREGATION_TEMPORALITY_CUMULATIVE);
    REQUIRE(restarts.sum().data_points_size() == 1);
    CHECK(restarts.sum().data_points(0).as_double() == 3);
    CHECK(restarts.sum().data_points(0).start_time_unix_nano() == 10);
    CHECK(restarts.sum().data_points(0).time_unix_nano() == 20);
    CHECK(text_of(restarts.sum().data_points(0).attributes()) == "reason='exit' ");

    CHECK_FALSE(scope.metrics(1).sum().is_monotonic());
    CHECK(scope.metrics(1).sum().data_points(0).as_double() == -1);
    CHECK(scope.metrics(2).gauge().data_points(0).as_double() == 1024);
    CHECK(scope.metrics(2).gauge().data_points(0).time_unix_nano() == 20);

    const pb::Histogram& durations = scope.metrics(3).histogram();
    CHECK(durations.aggregation_temporality() == pb::AGGREGATION_TEMPORALITY_CUMULATIVE);
    const pb::HistogramDataPoint& point = durations.data_points(0);
    CHECK(point.count() == 2);
    CHECK(point.sum() == 5.1);
    CHECK(point.min() == 0.1);
    CHECK(point.max() == 5);
    CHECK(std::vector<double>(point.explicit_bounds().begin(), point.explicit_bounds().end()) ==
          std::vector<double>{0.1, 1});
    CHECK(std::vector<std::uint64_t>(point.bucket_counts().begin(), point.bucket_counts().end()) ==
          std::vector<std::uint64_t>{1, 0, 1});
    CHECK(point.start_time_unix_nano() == 10);
}

TEST_CASE("an answer says what was not taken", "[telemetry][otlp]") {
    const auto answer = [](std::int64_t rejected, const std::string& message) {
        pb::ExportServiceResponse response;
        response.mutable_partial_success()->set_rejected(rejected);
        response.mutable_partial_success()->set_error_message(message);
        return telemetry::parse_response(response.SerializeAsString());
    };
    REQUIRE(answer(3, "too old"));
    CHECK(answer(3, "too old")->rejected == 3);
    CHECK(answer(3, "too old")->error_message == "too old");
    REQUIRE(answer(0, "a warning"));
    CHECK(answer(0, "a warning")->rejected == 0);
    REQUIRE(answer(-1, "odd"));
    CHECK(answer(-1, "odd")->rejected == 0);
    CHECK_FALSE(answer(0, ""));
    CHECK_FALSE(answer(-1, ""));
    CHECK_FALSE(telemetry::parse_response(""));
    CHECK_FALSE(telemetry::parse_response("<html>not protobuf</html>"));
}

TEST_CASE("an answer with an error says why", "[telemetry][otlp]") {
    pb::RpcStatus status;
    status.set_code(3);
    status.set_message("no such tenant");
    CHECK(telemetry::parse_error(status.SerializeAsString()) == "no such tenant");
    CHECK(telemetry::parse_error("").empty());
    CHECK(telemetry::parse_error("<html>not protobuf</html>").empty());
}
