#include "telemetry/prometheus.hpp"

#include <sys/wait.h>

#include <catch2/catch.hpp>
#include <cstdlib>

#include "support/temp_folder.hpp"

using telemetry::Attributes;
using telemetry::LabelledMetrics;
using telemetry::Meter;
using telemetry::MetricInfo;
using telemetry::MetricKind;
using telemetry::prometheus_text;

namespace {

/// What a gauge with these attributes becomes, the lines of its points alone.
std::string line_of(const Attributes& attributes, const Attributes& labels = {}, double value = 1) {
    Meter meter;
    meter.add({"g", MetricKind::gauge, "", ""}).set(value, attributes);
    const std::string text = prometheus_text({{labels, meter.collect()}});
    const std::string head = "# TYPE g gauge\n";
    REQUIRE(text.starts_with(head));
    return text.substr(head.size());
}

}  // namespace

TEST_CASE("names and units become those of Prometheus", "[telemetry][prometheus]") {
    struct Row {
        MetricKind kind;
        const char* name;
        const char* unit;
        const char* expected;
    };
    const auto row = GENERATE(values<Row>({
        {MetricKind::counter, "process.cpu.time", "s", "process_cpu_time_seconds_total"},
        {MetricKind::counter, "opampd.agent.restarts", "{restart}", "opampd_agent_restarts_total"},
        {MetricKind::counter, "restarts_total", "", "restarts_total"},
        {MetricKind::counter, "read.bytes_total", "By", "read_bytes_total"},
        {MetricKind::counter, "part", "1", "part_total"},
        {MetricKind::up_down_counter, "process.memory.usage", "By", "process_memory_usage_bytes"},
        {MetricKind::up_down_counter, "part", "1", "part"},
        {MetricKind::up_down_counter, "process.thread.count", "{thread}", "process_thread_count"},
        {MetricKind::gauge, "cpu.utilization", "1", "cpu_utilization_ratio"},
        {MetricKind::gauge, "memory_bytes", "By", "memory_bytes"},
        {MetricKind::gauge, "seconds_before", "s", "seconds_before_seconds"},
        {MetricKind::gauge, "wait", "ms", "wait_milliseconds"},
        {MetricKind::gauge, "rate", "By/s", "rate_bytes_per_second"},
        {MetricKind::gauge, "rate", "{packet}/s", "rate_per_second"},
        {MetricKind::gauge, "rate", "1/min", "rate_per_minute"},
        {MetricKind::gauge, "load", "%", "load_percent"},
        {MetricKind::gauge, "odd", "furlong", "odd_furlong"},
        {MetricKind::gauge, "odd", "{never closed", "odd"},
        {MetricKind::gauge, "a..b--c__d#", "s", "a_b_c_d_seconds"},
        {MetricKind::gauge, "2nd", "", "_2nd"},
        {MetricKind::gauge, "job:rate", "", "job:rate"},
        {MetricKind::gauge, "", "", "_"},
        {MetricKind::histogram, "rollout.duration", "s", "rollout_duration_seconds"},
    }));
    CAPTURE(row.name, row.unit);
    CHECK(telemetry::prometheus_name({row.name, row.kind, row.unit, "", {}}) == row.expected);
}

TEST_CASE("attributes become labels, escaped, and those that become the same are joined", "[telemetry][prometheus]") {
    CHECK(line_of({}) == "g 1\n");
    CHECK(line_of({{"http.method", "GET"}, {"n", std::int64_t{-5}}, {"f", 0.5}, {"yes", true}}) ==
          "g{f=\"0.5\",http_method=\"GET\",n=\"-5\",yes=\"true\"} 1\n");
    CHECK(line_of({{"path", "C:\\a \"b\"\nc"}}) == "g{path=\"C:\\\\a \\\"b\\\"\\nc\"} 1\n");
    CHECK(line_of({{"broken", "a\xff"}}) == "g{broken=\"a\xef\xbf\xbd\"} 1\n");
    CHECK(line_of({{"a_b", "2"}, {"a.b", "1"}}) == "g{a_b=\"1;2\"} 1\n");
    CHECK(line_of({{"1st", "x"}, {"__name", "y"}, {"", "z"}}) == "g{_name=\"y\",key_=\"z\",key_1st=\"x\"} 1\n");
    CHECK(line_of({{"b", "2"}}, {{"agent", "c\"d"}}) == "g{agent=\"c\\\"d\",b=\"2\"} 1\n");
}

TEST_CASE("numbers are written so that they are read as the same", "[telemetry][prometheus]") {
    CHECK(line_of({}, {}, -0.1) == "g -0.1\n");
    CHECK(line_of({}, {}, 1234567890123) == "g 1234567890123\n");
    CHECK(std::stod(line_of({}, {}, 1e300).substr(2)) == 1e300);
}

TEST_CASE("several meters are one exposition, and promtool finds nothing to say", "[telemetry][prometheus]") {
    Meter first, second;
    const auto fill = [](Meter& meter, double restarts) {
        meter.add({"opampd.restarts", MetricKind::counter, "{restart}", "How often.\nBy \\reason."})
            .add(restarts, {{"reason", "exit"}});
        auto& durations = meter.add({"opampd.rollout.duration", MetricKind::histogram, "s", "How long.", {0.1, 1}});
        for (const double value : {0.05, 0.1, 0.5, 7.0}) durations.record(value);
    };
    fill(first, 2);
    fill(second, 3);
    second.add({"opampd.connected", MetricKind::gauge, "", "Whether."}).set(1);
    const std::string text =
        prometheus_text({{{{"agent", "a"}}, first.collect()}, {{{"agent", "b"}}, second.collect()}});
    CHECK(text == R"(# HELP opampd_restarts_total How often.\nBy \\reason.
# TYPE opampd_restarts_total counter
opampd_restarts_total{agent="a",reason="exit"} 2
opampd_restarts_total{agent="b",reason="exit"} 3
# HELP opampd_rollout_duration_seconds How long.
# TYPE opampd_rollout_duration_seconds histogram
opampd_rollout_duration_seconds_bucket{agent="a",le="0.1"} 2
opampd_rollout_duration_seconds_bucket{agent="a",le="1"} 3
opampd_rollout_duration_seconds_bucket{agent="a",le="+Inf"} 4
opampd_rollout_duration_seconds_sum{agent="a"} 7.65
opampd_rollout_duration_seconds_count{agent="a"} 4
opampd_rollout_duration_seconds_bucket{agent="b",le="0.1"} 2
opampd_rollout_duration_seconds_bucket{agent="b",le="1"} 3
opampd_rollout_duration_seconds_bucket{agent="b",le="+Inf"} 4
opampd_rollout_duration_seconds_sum{agent="b"} 7.65
opampd_rollout_duration_seconds_count{agent="b"} 4
# HELP opampd_connected Whether.
# TYPE opampd_connected gauge
opampd_connected{agent="b"} 1
)");

    const support::TempFolder folder;
    support::write(folder / "metrics", text);
    const std::string command =
        "promtool check metrics < " + (folder / "metrics").string() + " > " + (folder / "said").string() + " 2>&1";
    const int status = std::system(command.c_str());
    CHECK(WEXITSTATUS(status) == 0);
    CHECK(support::read(folder / "said").empty());
}

TEST_CASE("a family has one type, and a sum that can become less is left out", "[telemetry][prometheus]") {
    Meter meter;
    meter.add({"a.b", MetricKind::gauge, "", ""}).set(1);
    meter.add({"a_b", MetricKind::up_down_counter, "", ""}).add(2, {{"also", "a gauge"}});
    meter.add({"a-b", MetricKind::histogram, "", ""}).record(3);
    meter.add({"change", MetricKind::histogram, "", ""}).record(-3);
    CHECK(prometheus_text({{{}, meter.collect()}}) == R"(# TYPE a_b gauge
a_b 1
a_b{also="a gauge"} 2
# TYPE change histogram
change_bucket{le="+Inf"} 1
change_count 1
)");
    CHECK(prometheus_text({}).empty());
}
