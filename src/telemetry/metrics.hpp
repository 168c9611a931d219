// Metrics: instruments that are written to, and what they have come to. Cumulative since the meter's begin.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/attributes.hpp"

namespace telemetry {

enum class MetricKind { counter, up_down_counter, gauge, histogram };

/// What an instrument is; names and units as the semantic conventions have them ("s", "By", "{restart}").
struct MetricInfo {
    std::string name;
    MetricKind kind = MetricKind::counter;
    std::string unit;
    std::string description;
    std::vector<double> bounds{};  ///< Of a histogram's buckets, ascending; each bucket includes its upper bound.
};

/// One series: what one set of attributes has come to.
struct MetricPoint {
    Attributes attributes;
    double value = 0;  ///< A histogram's sum.
    std::uint64_t count = 0;
    std::vector<std::uint64_t> buckets;  ///< One more than there are bounds.
    double min = 0;
    double max = 0;
};

struct MetricData {
    const MetricInfo* info = nullptr;
    std::vector<MetricPoint> points;
};

/// What is not a number, or is infinite, is passed over.
class Instrument {
public:
    explicit Instrument(MetricInfo info) : info_(std::move(info)) {}

    /// Counters: adds; only an up-down counter takes what is negative. `attributes` in the same order each time.
    void add(double amount, const Attributes& attributes = {});
    /// Gauges, and counters that somebody else keeps: the value from now on.
    void set(double value, const Attributes& attributes = {});
    /// Histograms.
    void record(double value, const Attributes& attributes = {});
    /// Series of things that are gone are not reported any more.
    void clear() { points_.clear(); }

    const MetricInfo& info() const { return info_; }
    const std::vector<MetricPoint>& points() const { return points_; }

private:
    MetricPoint& point(const Attributes& attributes);

    const MetricInfo info_;
    std::vector<MetricPoint> points_;
};

/// All instruments of one resource. Those that have never been written to are not reported.
class Meter {
public:
    Meter();

    /// Owned by the meter, for good.
    Instrument& add(MetricInfo info);
    /// Called before each collection, to bring gauges up to date.
    void observe(std::function<void()> callback) { callbacks_.push_back(std::move(callback)); }

    std::vector<MetricData> collect();
    std::uint64_t start_time_unix_nano() const { return start_time_unix_nano_; }

private:
    std::deque<Instrument> instruments_;
    std::vector<std::function<void()>> callbacks_;
    const std::uint64_t start_time_unix_nano_;
};

/// Most series that one instrument has; what comes after goes into one with the attribute otel.metric.overflow.
inline constexpr std::size_t kMostSeries = 200;

}  // namespace telemetry
