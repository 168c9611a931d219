#include "telemetry/metrics.hpp"

#include <catch2/catch.hpp>
#include <limits>

#include "base/units.hpp"

using telemetry::Attributes;
using telemetry::Instrument;
using telemetry::Meter;
using telemetry::MetricKind;
using telemetry::MetricPoint;

namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Instrument of(MetricKind kind, std::vector<double> bounds = {}) {
    return Instrument({"name", kind, "s", "what it is", std::move(bounds)});
}

const MetricPoint& only(const Instrument& instrument) {
    REQUIRE(instrument.points().size() == 1);
    return instrument.points()[0];
}

}  // namespace

TEST_CASE("counters add, and gauges replace", "[telemetry][metrics]") {
    Instrument counter = of(MetricKind::counter);
    counter.add(2);
    counter.add(0.5);
    counter.add(-1);
    counter.add(kNan);
    counter.add(kInfinity);
    CHECK(only(counter).value == 2.5);

    Instrument level = of(MetricKind::up_down_counter);
    level.add(2);
    level.add(-3);
    CHECK(only(level).value == -1);

    Instrument gauge = of(MetricKind::gauge);
    gauge.set(5);
    gauge.set(-4);
    gauge.set(kNan);
    CHECK(only(gauge).value == -4);
}

TEST_CASE("each set of attributes is a series of its own", "[telemetry][metrics]") {
    Instrument counter = of(MetricKind::counter);
    counter.add(1, {{"reason", "exit"}});
    counter.add(1, {{"reason", "signal"}});
    counter.add(1, {{"reason", "exit"}});
    REQUIRE(counter.points().size() == 2);
    CHECK(counter.points()[0].attributes == Attributes{{"reason", "exit"}});
    CHECK(counter.points()[0].value == 2);
    CHECK(counter.points()[1].value == 1);
    counter.clear();
    CHECK(counter.points().empty());
}

TEST_CASE("a bucket includes its upper bound", "[telemetry][metrics]") {
    struct Row {
        double value;
        std::vector<std::uint64_t> buckets;
    };
    const auto row = GENERATE(values<Row>({
        {-1, {1, 0, 0}},
        {0, {1, 0, 0}},
        {1, {1, 0, 0}},
        {1.0000001, {0, 1, 0}},
        {5, {0, 1, 0}},
        {5.1, {0, 0, 1}},
        {1e300, {0, 0, 1}},
    }));
    CAPTURE(row.value);
    Instrument histogram = of(MetricKind::histogram, {1, 5});
    histogram.record(row.value);
    CHECK(only(histogram).buckets == row.buckets);
    CHECK(only(histogram).min == row.value);
    CHECK(only(histogram).max == row.value);
}

TEST_CASE("a histogram keeps count, sum, least and most", "[telemetry][metrics]") {
    Instrument histogram = of(MetricKind::histogram, {1, 5});
    for (const double value : {3.0, 0.5, 7.0, kNan, kInfinity, -kInfinity}) histogram.record(value);
    CHECK(only(histogram).count == 3);
    CHECK(only(histogram).value == 10.5);
    CHECK(only(histogram).min == 0.5);
    CHECK(only(histogram).max == 7);
    CHECK(only(histogram).buckets == std::vector<std::uint64_t>{1, 1, 1});

    Instrument without_bounds = of(MetricKind::histogram);
    without_bounds.record(4);
    CHECK(only(without_bounds).buckets == std::vector<std::uint64_t>{1});
}

TEST_CASE("series are bounded: what is too much goes into one that says so, and nothing is lost",
          "[telemetry][metrics]") {
    Instrument counter = of(MetricKind::counter);
    constexpr int kMany = 1000;
    for (int i = 0; i < kMany; ++i) counter.add(1, {{"number", i}});
    counter.add(1, {{"number", 0}});
    REQUIRE(counter.points().size() == telemetry::kMostSeries);
    double sum = 0;
    for (const MetricPoint& point : counter.points()) sum += point.value;
    CHECK(sum == kMany + 1);
    CHECK(counter.points()[0].value == 2);
    CHECK(counter.points().back().attributes == Attributes{{"otel.metric.overflow", true}});
    CHECK(counter.points().back().value == kMany - static_cast<double>(telemetry::kMostSeries) + 1);
}

TEST_CASE("a collection asks the callbacks first, and leaves out what was never written to", "[telemetry][metrics]") {
    const std::uint64_t before = base::unix_nano_now();
    Meter meter;
    CHECK(meter.start_time_unix_nano() >= before);
    Instrument& gauge = meter.add({"gauge", MetricKind::gauge, "By", "a gauge"});
    Instrument& counter = meter.add({"counter", MetricKind::counter, "{try}", "a counter"});
    for (int i = 0; i < 100; ++i) meter.add({"never " + std::to_string(i), MetricKind::counter, "1", ""});
    int asked = 0;
    meter.observe([&] { gauge.set(++asked); });
    meter.observe([&] { gauge.set(asked * 10.0); });

    auto all = meter.collect();
    REQUIRE(all.size() == 1);
    CHECK(all[0].info == &gauge.info());
    CHECK(all[0].points[0].value == 10);
    counter.add(1);
    all = meter.collect();
    REQUIRE(all.size() == 2);
    CHECK(all[0].points[0].value == 20);
    CHECK(all[1].info->name == "counter");
    gauge.clear();
    CHECK(asked == 2);
}
