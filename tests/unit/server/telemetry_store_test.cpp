// What is kept, for how long, and how it is told.
#include "server/telemetry_store.hpp"

#include "unit/server/telemetry_rig.hpp"

using namespace server_test;
using server::Signal;

TEST_CASE("a trace is listed by its root, and told whole", "[server][telemetry]") {
    Kept kept;
    Spans spans;
    spans.add(2, 1, "stage").mutable_status()->set_code(otlp_pb::Status::STATUS_CODE_ERROR);
    spans.add(1, 0, "rollout");
    CHECK(kept.take(Signal::traces, spans.bytes()).agents == std::set{kUid});
    Spans service("demo-service", "no uuid");
    service.add(3, 2, "start");
    CHECK(kept.take(Signal::traces, service.bytes()).agents.empty());

    const auto list = kept.traces();
    REQUIRE(list.at("traces").as_array().size() == 1);
    const auto& line = list.at("traces").at(0);
    CHECK(line.at("trace_id") == kTrace);
    CHECK(line.at("name") == "rollout");
    CHECK(line.at("service") == "opampd");
    CHECK(line.at("has_root").as_bool());
    CHECK(line.at("start") == "2023-11-14T22:13:20.001000Z");
    CHECK(line.at("duration_ns") == 5'000'000);
    CHECK(line.at("spans") == 3);
    CHECK(line.at("errors") == 1);
    CHECK(list.at("next").is_null());
    CHECK(kept.traces(kUid) == list);
    CHECK(kept.traces(kOtherUid).at("traces").as_array().empty());

    Records records;
    records.add(1, "copied").set_trace_id(kTraceId);
    kept.take(Signal::logs, records.bytes());
    const auto trace = kept.trace(kTrace);
    REQUIRE(trace.at("spans").as_array().size() == 3);
    CHECK(trace.at_pointer("/spans/0/name") == "rollout");
    CHECK(trace.at_pointer("/spans/0/parent_id") == "");
    CHECK(trace.at_pointer("/spans/0/offset_ns") == 0);
    CHECK(trace.at_pointer("/spans/1/parent_id") == trace.at_pointer("/spans/0/span_id"));
    CHECK(trace.at_pointer("/spans/1/status") == "error");
    CHECK(trace.at_pointer("/spans/1/offset_ns") == 1'000'000);
    CHECK(trace.at_pointer("/spans/2/service") == "demo-service");
    CHECK(trace.at_pointer("/resources/1/attributes/service.instance.id") == "no uuid");
    CHECK(trace.at_pointer("/log_records/0/body") == "copied");
    CHECK_FALSE(trace.at("is_cut").as_bool());
}

TEST_CASE("a trace whose root has not come is named after what began first", "[server][telemetry]") {
    Kept kept;
    Spans spans;
    spans.add(3, 2, "later");
    spans.add(2, 1, "earlier");
    kept.take(Signal::traces, spans.bytes());
    CHECK(kept.traces().at_pointer("/traces/0/name") == "earlier");
    CHECK_FALSE(kept.traces().at_pointer("/traces/0/has_root").as_bool());
    Spans root;
    root.add(5, 0, "root");
    kept.take(Signal::traces, root.bytes());
    CHECK(kept.traces().at_pointer("/traces/0/name") == "root");
}

TEST_CASE("a span that comes again is kept once", "[server][telemetry]") {
    Kept kept;
    Spans spans;
    spans.add(1, 0, "once");
    kept.take(Signal::traces, spans.bytes());
    const auto bytes = kept.store->totals().bytes();
    CHECK(kept.take(Signal::traces, spans.bytes()).taken.rejected == 0);
    CHECK(kept.traces().at_pointer("/traces/0/spans") == 1);
    CHECK(kept.store->totals().spans == 1);
    CHECK(kept.store->totals().bytes() == bytes);

    Spans from_another("another");
    from_another.add(1, 0, "twice");
    kept.take(Signal::traces, from_another.bytes());
    CHECK(kept.store->totals().bytes() == bytes);
    CHECK(kept.number("SELECT count(*) FROM trace_resource") == 1);
}

TEST_CASE("a resource is told once for all its spans", "[server][telemetry]") {
    Kept kept;
    Spans spans;
    for (int i = 1; i < 5; ++i) spans.add(i, 0, "x");
    kept.take(Signal::traces, spans.bytes());
    Spans others("demo-service", "x");
    others.add(5, 0, "x");
    set_texts(others.request.mutable_resource_spans(0)->mutable_resource()->mutable_attributes(), 200);
    kept.take(Signal::traces, others.bytes());
    const auto trace = kept.trace(kTrace);
    REQUIRE(trace.at("resources").as_array().size() == 2);
    CHECK(trace.at_pointer("/resources/0/attributes/service.name") == "opampd");
    CHECK(trace.at_pointer("/resources/0/dropped") == 0);
    CHECK(trace.at_pointer("/resources/1/dropped") == 202 - 128);
    CHECK(trace.at_pointer("/spans/3/resource") == 0);
    CHECK(trace.at_pointer("/spans/4/resource") == 1);
}

TEST_CASE("an answer that does not have everything says so", "[server][telemetry]") {
    Kept kept;
    Spans spans;
    spans.add(1, 0, "x");
    kept.take(Signal::traces, spans.bytes());
    Records records;
    for (int i = 0; i < 1000; ++i) records.add(i, "x").set_trace_id(kTraceId);
    kept.take(Signal::logs, records.bytes());
    Metrics metrics;
    for (int i = 0; i < 1000; ++i) metrics.gauge("metric " + std::to_string(i), 1);
    kept.take(Signal::metrics, metrics.bytes());
    CHECK(kept.trace(kTrace).at("log_records").as_array().size() == 1000);
    CHECK_FALSE(kept.trace(kTrace).at("is_cut").as_bool());
    CHECK(kept.metrics().at("metrics").as_array().size() == 1000);
    CHECK_FALSE(kept.metrics().at("is_cut").as_bool());

    Records more;
    more.add(0, "x").set_trace_id(kTraceId);
    kept.take(Signal::logs, more.bytes());
    Metrics another;
    another.gauge("another", 1);
    kept.take(Signal::metrics, another.bytes());
    CHECK(kept.trace(kTrace).at("log_records").as_array().size() == 1000);
    CHECK(kept.trace(kTrace).at("is_cut").as_bool());
    CHECK(kept.metrics().at("metrics").as_array().size() == 1000);
    CHECK(kept.metrics().at("is_cut").as_bool());
}

TEST_CASE("of a request that breaks off nothing is kept", "[server][telemetry]") {
    Kept kept;
    Spans spans;
    spans.add(1, 0, "first");
    const std::string bytes = spans.bytes();
    const auto taken = kept.store->take(Signal::traces, bytes + bytes.substr(0, bytes.size() - 1), 1);
    REQUIRE_FALSE(taken);
    CHECK(taken.error().kind() == base::Kind::invalid);
    CHECK(kept.traces().at("traces").as_array().empty());
    CHECK(kept.store->totals().bytes() == 0);
    kept.take(Signal::traces, bytes);
    CHECK(kept.store->totals().spans == 1);
}

TEST_CASE("the oldest trace goes first, as a whole", "[server][telemetry]") {
    server::TelemetryLimits limits;
    limits.spans = 10;
    Kept kept(limits);
    for (int i = 0; i < 6; ++i) {
        Spans spans;
        spans.add(1, 0, "trace " + std::to_string(i), trace_id(i));
        spans.add(2, 1, "child", trace_id(i));
        kept.take(Signal::traces, spans.bytes());
    }
    const auto list = kept.traces().at("traces").as_array();
    REQUIRE(list.size() == 5);
    CHECK(list.front().at("name") == "trace 5");
    CHECK(list.back().at("name") == "trace 1");
    CHECK(kept.store->totals().spans == 10);
    CHECK(kept.traces(kUid).at("traces").as_array().size() == 5);
}

TEST_CASE("one trace without an end makes room by itself", "[server][telemetry]") {
    server::TelemetryLimits limits;
    limits.spans = 100;
    Kept kept(limits);
    Spans spans;
    for (int i = 1; i < 128; ++i) spans.add(i, 0, "x");
    kept.take(Signal::traces, spans.bytes());
    CHECK(kept.store->totals().spans <= 100);
    CHECK(kept.store->totals().spans > 0);
}

TEST_CASE("log records of an agent are told in parts, the newest first", "[server][telemetry]") {
    Kept kept;
    Records records;
    for (int i = 0; i < 5; ++i) records.add(i / 2, "record " + std::to_string(i), i == 3 ? 17 : 9);
    Records others(kOtherUid.text());
    others.add(9, "of another");
    kept.take(Signal::logs, records.bytes());
    kept.take(Signal::logs, others.bytes());
    std::string before;
    std::vector<std::string> told;
    for (int part = 0; part < 3; ++part) {
        const auto answer = kept.records(0, {before, 2});
        for (const auto& record : answer.at("log_records").as_array()) told.emplace_back(record.at("body").as_string());
        if (answer.at("next").is_null()) break;
        before = std::string(answer.at("next").as_string());
    }
    CHECK(told == std::vector<std::string>{"record 4", "record 3", "record 2", "record 1", "record 0"});
    const auto errors = kept.records(17).at("log_records").as_array();
    REQUIRE(errors.size() == 1);
    CHECK(errors[0].at("body") == "record 3");
    CHECK(errors[0].at("time") == "2023-11-14T22:13:21.000000Z");
}

TEST_CASE("a record without a time has that of its arrival", "[server][telemetry]") {
    Kept kept;
    Records records;
    records.add(0, "x").clear_time_unix_nano();
    kept.take(Signal::logs, records.bytes());
    CHECK(kept.records().at_pointer("/log_records/0/time") == "2023-11-14T22:13:20.000000Z");
}

TEST_CASE("of each series the newest value is told, with those before it", "[server][telemetry]") {
    Kept kept;
    for (int i = 0; i < 100; ++i) {
        Metrics metrics;
        set_text(metrics.gauge("cpu", i, i).mutable_attributes(), "mode", "user");
        set_text(metrics.gauge("cpu", -1, i).mutable_attributes(), "mode", "system");
        kept.take(Signal::metrics, metrics.bytes());
    }
    const auto list = kept.metrics().at("metrics").as_array();
    REQUIRE(list.size() == 2);
    CHECK(list[0].at("attributes").at("mode") == "system");
    CHECK(list[1].at("value") == 99);
    CHECK(list[1].at("history").as_array().size() == 60);
    CHECK(list[1].at("history").at(59) == 99);
    CHECK(list[1].at("time") == "2023-11-14T22:14:59.000000Z");
    CHECK(kept.store->totals().series == 2);
}

TEST_CASE("a series goes on where the process is another one", "[server][telemetry]") {
    Kept kept;
    for (const char* pid : {"1", "2"}) {
        Metrics metrics;
        set_text(metrics.request.mutable_resource_metrics(0)->mutable_resource()->mutable_attributes(), "process.pid",
                 pid);
        metrics.gauge("cpu", 1);
        kept.take(Signal::metrics, metrics.bytes());
    }
    CHECK(kept.metrics().at("metrics").as_array().size() == 1);
    CHECK(kept.metrics().at_pointer("/metrics/0/history").as_array().size() == 2);
}

TEST_CASE("series of services without a UUID are those of their resources, also in what is not kept of them",
          "[server][telemetry]") {
    Kept kept;
    for (const char* last : {"1", "2", "1"}) {
        Metrics metrics("no uuid");
        auto* resource = metrics.request.mutable_resource_metrics(0)->mutable_resource()->mutable_attributes();
        set_texts(resource, 200);
        set_text(resource, "last", last);
        metrics.gauge("cpu", 1);
        kept.take(Signal::metrics, metrics.bytes());
    }
    CHECK(kept.store->totals().series == 2);
}

TEST_CASE("a histogram without a sum has no value", "[server][telemetry]") {
    Kept kept;
    Metrics metrics;
    auto* point = metrics.scope->add_metrics()->mutable_histogram()->add_data_points();
    metrics.scope->mutable_metrics(0)->set_name("durations");
    point->set_time_unix_nano(kNoon);
    point->set_count(4);
    kept.take(Signal::metrics, metrics.bytes());
    CHECK(kept.metrics().at_pointer("/metrics/0/value") == "NaN");
    CHECK(kept.metrics().at_pointer("/metrics/0/details/count") == 4);
}

TEST_CASE("what was left out of a record is told", "[server][telemetry]") {
    Kept kept;
    Records records;
    auto& record = records.add(0, "x");
    set_texts(record.mutable_attributes(), 130);
    record.set_dropped_attributes_count(3);
    kept.take(Signal::logs, records.bytes());
    CHECK(kept.records().at_pointer("/log_records/0/dropped") == 5);
}

TEST_CASE("the series that is silent longest goes first", "[server][telemetry]") {
    server::TelemetryLimits limits;
    limits.series = 2;
    Kept kept(limits);
    for (const char* name : {"a", "b", "a", "c"}) {
        Metrics metrics;
        metrics.gauge(name, 1);
        kept.take(Signal::metrics, metrics.bytes());
    }
    const auto list = kept.metrics().at("metrics").as_array();
    REQUIRE(list.size() == 2);
    CHECK(list[0].at("name") == "a");
    CHECK(list[1].at("name") == "c");
}

TEST_CASE("what is asked for wrongly, or not there", "[server][telemetry]") {
    Kept kept;
    const auto kind = [](const base::Result<std::string>& answer) {
        REQUIRE_FALSE(answer);
        return answer.error().kind();
    };
    CHECK(kind(server::trace_json(*kept.store, kTrace)) == base::Kind::not_found);
    CHECK(kind(server::trace_json(*kept.store, "x")) == base::Kind::not_found);
    CHECK(kind(server::traces_json(*kept.store, {}, {"x", 1})) == base::Kind::invalid);
    CHECK(kind(server::log_records_json(*kept.store, kUid, 0, {"5", 1})) == base::Kind::invalid);
}
