#include "server/otlp.hpp"

#include <boost/json.hpp>
#include <cmath>
#include <limits>

#include "unit/server/otlp_rig.hpp"

using namespace server_test;
using server::read_otlp;
using server::Signal;
namespace json = boost::json;

namespace {

server::Taken read(Signal signal, const std::string& bytes, RememberingSink& sink) {
    auto taken = read_otlp(signal, bytes, sink);
    if (!taken) FAIL(taken.error().text());
    return std::move(*taken);
}

/// What is wrong with the one span.
std::string rejection(const Spans& spans) {
    RememberingSink sink;
    const auto taken = read(Signal::traces, spans.bytes(), sink);
    CHECK(taken.rejected == 1);
    CHECK(sink.spans.empty());
    return taken.reason;
}

otlp_pb::AnyValue nested(int depth) {
    otlp_pb::AnyValue value;
    otlp_pb::AnyValue* inner = &value;
    for (int i = 0; i < depth; ++i) inner = inner->mutable_array_value()->add_values();
    inner->set_int_value(1);
    return value;
}

}  // namespace

TEST_CASE("a span is read with its resource, scope, attributes, events and links", "[server][otlp]") {
    Spans spans;
    otlp_pb::Span& wire = spans.add(2, 1, "stage");
    wire.set_kind(otlp_pb::Span::SPAN_KIND_INTERNAL);
    wire.mutable_status()->set_code(otlp_pb::Status::STATUS_CODE_ERROR);
    wire.mutable_status()->set_message("no space");
    set_text(wire.mutable_attributes(), "config.hash", "abc");
    auto* event = wire.add_events();
    event->set_name("killed");
    event->set_time_unix_nano(kNoon + 5'000);
    auto* link = wire.add_links();
    link->set_trace_id(std::string(16, '\x0B'));
    link->set_span_id(span_id(9));

    RememberingSink sink;
    CHECK(read(Signal::traces, spans.bytes(), sink).rejected == 0);
    REQUIRE(sink.resources.size() == 1);
    CHECK(sink.resources[0].service == "opampd");
    CHECK(sink.resources[0].instance == kUid);
    CHECK(json::parse(sink.resources[0].attributes).at("service.name") == "opampd");
    REQUIRE(sink.spans.size() == 1);
    const server::Span& span = sink.spans[0];
    CHECK(span.trace_id == kTraceId);
    CHECK(span.span_id == span_id(2));
    CHECK(span.parent_id == span_id(1));
    CHECK(span.name == "stage");
    CHECK(span.scope == "rollout");
    CHECK(span.kind == 1);
    CHECK(span.status == 2);
    CHECK(span.status_message == "no space");
    CHECK(span.end - span.start == 2'000'000);
    CHECK(json::parse(span.attributes).at("config.hash") == "abc");
    CHECK(json::parse(span.events).at(0).at("name") == "killed");
    CHECK(json::parse(span.events).at(0).at("time") == "2023-11-14T22:13:20.000005Z");
    CHECK(json::parse(span.links).at(0).at("trace_id") == "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b");
}

TEST_CASE("every kind of value has its JSON", "[server][otlp]") {
    Spans spans;
    auto* attributes = spans.add(1, 0, "x").mutable_attributes();
    const auto add = [&](const char* key) -> otlp_pb::AnyValue& {
        auto* attribute = attributes->Add();
        attribute->set_key(key);
        return *attribute->mutable_value();
    };
    add("text").set_string_value("\"<b>\n");
    add("yes").set_bool_value(true);
    add("small").set_int_value(-5);
    add("large").set_int_value(std::int64_t{1} << 60);
    add("real").set_double_value(0.25);
    add("nan").set_double_value(std::numeric_limits<double>::quiet_NaN());
    add("list").mutable_array_value()->add_values()->set_int_value(7);
    auto* entry = add("map").mutable_kvlist_value()->add_values();
    entry->set_key("k");
    entry->mutable_value()->set_string_value("v");
    add("bytes").set_bytes_value("\xFF");
    add("none");

    RememberingSink sink;
    read(Signal::traces, spans.bytes(), sink);
    CHECK(json::parse(sink.spans.at(0).attributes) ==
          json::parse(R"({"text": "\"<b>\n", "yes": true, "small": -5, "large": "1152921504606846976", "real": 0.25,
                          "nan": "NaN", "list": [7], "map": {"k": "v"}, "bytes": "/w==", "none": null})"));
}

TEST_CASE("a span that cannot be kept is counted, and the others are kept", "[server][otlp]") {
    Spans spans;
    SECTION("a trace_id of another length") {
        spans.add(1, 0, "x", "short");
        CHECK_THAT(rejection(spans), Catch::Contains("trace_id"));
    }
    SECTION("an id of zeros") {
        spans.add(1, 0, "x", std::string(16, '\0'));
        CHECK_THAT(rejection(spans), Catch::Contains("trace_id"));
    }
    SECTION("no span_id") {
        spans.add(1, 0, "x").clear_span_id();
        CHECK_THAT(rejection(spans), Catch::Contains("span_id"));
    }
    SECTION("half a parent_span_id") {
        spans.add(1, 0, "x").set_parent_span_id("half");
        CHECK_THAT(rejection(spans), Catch::Contains("parent_span_id"));
    }
    SECTION("no start") {
        spans.add(1, 0, "x").clear_start_time_unix_nano();
        CHECK_THAT(rejection(spans), Catch::Contains("start time"));
    }
    SECTION("a start in another age") {
        spans.add(1, 0, "x").set_start_time_unix_nano(~0ull);
        CHECK_THAT(rejection(spans), Catch::Contains("start time"));
    }
    SECTION("over half a MiB") {
        set_text(spans.add(1, 0, "x").mutable_attributes(), "k", std::string(600 << 10, 'x'));
        CHECK(rejection(spans) == "span 1: it is over 512 KiB");
    }
    SECTION("nested beyond what the parser takes") {
        auto* attribute = spans.add(1, 0, "x").add_attributes();
        *attribute->mutable_value() = nested(200);
        CHECK_THAT(rejection(spans), Catch::Contains("not protobuf"));
    }
    SECTION("a name that is not UTF-8") {
        spans.add(1, 0, "xyz");
        std::string bytes = spans.bytes();
        bytes.replace(bytes.find("xyz"), 3, "x\xFFz");
        RememberingSink sink;
        const auto taken = read(Signal::traces, bytes, sink);
        CHECK(taken.rejected == 1);
        CHECK_THAT(taken.reason, Catch::StartsWith("span 1: ") && Catch::Contains("UTF-8"));
    }
    SECTION("among others") {
        spans.add(1, 0, "a");
        spans.add(2, 0, "b", "short");
        spans.add(3, 0, "c").clear_span_id();
        spans.add(4, 0, "d");
        RememberingSink sink;
        const auto taken = read(Signal::traces, spans.bytes(), sink);
        CHECK(taken.rejected == 2);
        CHECK(sink.spans.size() == 2);
        otlp_pb::ExportServiceResponse response;
        REQUIRE(response.ParseFromString(server::export_response(taken)));
        CHECK(response.partial_success().rejected() == 2);
        CHECK_THAT(response.partial_success().error_message(), Catch::StartsWith("span 2: a trace_id"));
    }
}

TEST_CASE("an end before the start is the start", "[server][otlp]") {
    Spans spans;
    spans.add(1, 0, "back").set_end_time_unix_nano(5);
    spans.add(2, 0, "open").clear_end_time_unix_nano();
    RememberingSink sink;
    CHECK(read(Signal::traces, spans.bytes(), sink).rejected == 0);
    for (const auto& span : sink.spans) CHECK(span.end == span.start);
}

TEST_CASE("what is longer than anybody reads is cut, and counted", "[server][otlp]") {
    Spans spans;
    otlp_pb::Span& wire = spans.add(1, 0, std::string(100'000, 'n'));
    for (int i = 0; i < 1000; ++i) set_text(wire.mutable_attributes(), "k" + std::to_string(i), std::string(100, 'v'));
    for (int i = 0; i < 1000; ++i) wire.add_events()->set_name("e");
    for (int i = 0; i < 1000; ++i) wire.add_links()->set_trace_id(kTraceId);
    RememberingSink sink;
    CHECK(read(Signal::traces, spans.bytes(), sink).rejected == 0);
    const server::Span& span = sink.spans.at(0);
    CHECK(span.name.size() < 5000);
    CHECK(span.attributes.size() <= 17u << 10);
    const auto kept = json::parse(span.attributes).as_object().size();
    CHECK(kept > 50);
    CHECK(json::parse(span.events).as_array().size() == 128);
    CHECK(json::parse(span.links).as_array().size() == 128);
    CHECK(span.dropped == static_cast<std::int64_t>(1000 - kept + 2 * (1000 - 128)));
}

TEST_CASE("a value of many small ones costs no more than its place", "[server][otlp]") {
    Spans spans;
    auto* list = spans.add(1, 0, "x").add_attributes()->mutable_value()->mutable_array_value();
    for (int i = 0; i < 200'000; ++i) list->add_values();
    RememberingSink sink;
    CHECK(read(Signal::traces, spans.bytes(), sink).rejected == 0);
    CHECK(sink.spans.at(0).dropped == 1);
    CHECK(sink.spans.at(0).attributes == "{}");
}

TEST_CASE("a log record without a time has that of its observation, or none", "[server][otlp]") {
    Records records;
    auto& whole = records.add(5, "started");
    whole.set_event_name("agent.started");
    whole.set_trace_id(kTraceId);
    whole.set_span_id(span_id(3));
    auto& observed = records.add(0, "observed", 99);
    observed.clear_time_unix_nano();
    observed.set_observed_time_unix_nano(kNoon);
    observed.set_trace_id("short");
    records.add(0, "never").set_time_unix_nano(~0ull);
    RememberingSink sink;
    CHECK(read(Signal::logs, records.bytes(), sink).rejected == 0);
    REQUIRE(sink.records.size() == 3);
    CHECK(sink.records[0].time == static_cast<server::Nanoseconds>(kNoon + 5'000'000'000));
    CHECK(sink.records[0].severity == 9);
    CHECK(sink.records[0].body == "\"started\"");
    CHECK(sink.records[0].event_name == "agent.started");
    CHECK(sink.records[0].span_id == span_id(3));
    CHECK(sink.records[1].time == static_cast<server::Nanoseconds>(kNoon));
    CHECK(sink.records[1].severity == 0);
    CHECK(sink.records[1].trace_id.empty());
    CHECK(sink.records[2].time == 0);
}

TEST_CASE("points of gauges, sums and histograms", "[server][otlp]") {
    Metrics metrics;
    metrics.gauge("process.uptime", 1.5);
    metrics.gauge("silent", 0).set_flags(1);
    metrics.gauge("timeless", 0).clear_time_unix_nano();
    auto* sum = metrics.scope->add_metrics();
    sum->set_name("restarts");
    sum->set_unit("{restart}");
    sum->mutable_sum()->set_aggregation_temporality(otlp_pb::AGGREGATION_TEMPORALITY_DELTA);
    auto* counted = sum->mutable_sum()->add_data_points();
    counted->set_as_int(3);
    counted->set_time_unix_nano(kNoon);
    auto* durations = metrics.scope->add_metrics();
    durations->set_name("rollout.duration");
    auto* point = durations->mutable_histogram()->add_data_points();
    point->set_time_unix_nano(kNoon);
    point->set_count(4);
    point->set_sum(10);
    point->set_max(6);
    metrics.scope->add_metrics()->set_name("of no kind");
    metrics.gauge("without a value", 0).clear_value();
    set_texts(metrics.gauge("with too many attributes", 0).mutable_attributes(), 129);
    auto* without_sum = metrics.scope->add_metrics();
    without_sum->set_name("without a sum");
    without_sum->mutable_histogram()->add_data_points()->set_time_unix_nano(kNoon);

    RememberingSink sink;
    const auto taken = read(Signal::metrics, metrics.bytes(), sink);
    CHECK(taken.rejected == 4);
    CHECK_THAT(taken.reason, Catch::StartsWith("metric 3: a point's time"));
    REQUIRE(sink.points.size() == 4);
    CHECK(sink.points[0].kind == "gauge");
    CHECK(sink.points[0].value == 1.5);
    CHECK(sink.points[1].kind == "delta sum");
    CHECK(sink.points[1].value == 3);
    CHECK(sink.points[1].unit == "{restart}");
    CHECK(sink.points[2].kind == "histogram");
    CHECK(sink.points[2].value == 10);
    CHECK(json::parse(sink.points[2].details) == json::parse(R"({"count": 4, "max": 6})"));
    CHECK(std::isnan(sink.points[3].value));
}

TEST_CASE("what is behind the 50,000th of a request is rejected", "[server][otlp]") {
    RememberingSink sink;
    server::Taken taken;
    SECTION("spans") {
        Spans spans;
        for (int i = 0; i < 50'002; ++i) spans.add(i % 100 + 1, 0, "x");
        taken = read(Signal::traces, spans.bytes(), sink);
    }
    SECTION("log records") {
        Records records;
        for (int i = 0; i < 50'002; ++i) records.add(i, "x");
        taken = read(Signal::logs, records.bytes(), sink);
    }
    SECTION("points of one metric after the other") {
        Metrics metrics;
        for (int i = 0; i < 2; ++i) {
            metrics.gauge("x", 1);
            auto& gauge = *metrics.scope->mutable_metrics(i)->mutable_gauge();
            for (int j = 0; j < 25'000; ++j) gauge.add_data_points()->CopyFrom(gauge.data_points(0));
        }
        taken = read(Signal::metrics, metrics.bytes(), sink);
    }
    CHECK(taken.rejected == 2);
    CHECK_THAT(taken.reason, Catch::Contains("50000"));
    CHECK(sink.spans.size() + sink.records.size() + sink.points.size() == 50'000);
}

TEST_CASE("what is not a request is refused, wherever it breaks off", "[server][otlp]") {
    Spans spans;
    spans.add(1, 0, "whole");
    const std::string bytes = spans.bytes();
    RememberingSink sink;
    for (const std::string& garbage : {std::string("\xFF\xFF\xFF"), std::string("{\"resourceSpans\":[]}"),
                                       std::string(1, '\0'), std::string("\x0A\xFF\xFF\xFF\xFF\x0F")})
        CHECK_FALSE(read_otlp(Signal::traces, garbage, sink));
    for (std::size_t size = 1; size < bytes.size(); ++size)
        CHECK_FALSE(read_otlp(Signal::traces, bytes.substr(0, size), sink));
    CHECK(read_otlp(Signal::traces, "", sink));
    CHECK(sink.spans.size() <= 1);
}

TEST_CASE("a sink that fails ends the reading with its error", "[server][otlp]") {
    Spans spans;
    spans.add(1, 0, "a");
    spans.add(2, 0, "b");
    RememberingSink sink;
    sink.outcome = base::Error(base::Kind::io, "no space");
    const auto taken = read_otlp(Signal::traces, spans.bytes(), sink);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().kind() == base::Kind::io);
    CHECK(sink.spans.size() == 1);
}
