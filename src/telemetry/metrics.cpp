#include "telemetry/metrics.hpp"

#include <algorithm>
#include <cmath>

#include "base/units.hpp"

namespace telemetry {

MetricPoint& Instrument::point(const Attributes& attributes) {
    const auto known = std::ranges::find(points_, attributes, &MetricPoint::attributes);
    if (known != points_.end()) return *known;
    static const Attributes kOverflow{{"otel.metric.overflow", true}};
    if (points_.size() + 1 >= kMostSeries && attributes != kOverflow) return point(kOverflow);
    MetricPoint& added = points_.emplace_back();
    added.attributes = attributes;
    if (info_.kind == MetricKind::histogram) added.buckets.resize(info_.bounds.size() + 1);
    return added;
}

void Instrument::add(double amount, const Attributes& attributes) {
    if (!std::isfinite(amount) || (amount < 0 && info_.kind == MetricKind::counter)) return;
    point(attributes).value += amount;
}

void Instrument::set(double value, const Attributes& attributes) {
    if (std::isfinite(value)) point(attributes).value = value;
}

void Instrument::record(double value, const Attributes& attributes) {
    if (!std::isfinite(value)) return;
    MetricPoint& into = point(attributes);
    const auto bucket = std::ranges::lower_bound(info_.bounds, value);
    ++into.buckets[bucket - info_.bounds.begin()];
    into.min = into.count == 0 ? value : std::min(into.min, value);
    into.max = into.count == 0 ? value : std::max(into.max, value);
    into.value += value;
    ++into.count;
}

Meter::Meter() : start_time_unix_nano_(base::unix_nano_now()) {}

Instrument& Meter::add(MetricInfo info) {
    return instruments_.emplace_back(std::move(info));
}

std::vector<MetricData> Meter::collect() {
    for (const auto& callback : callbacks_) callback();
    std::vector<MetricData> all;
    for (const Instrument& instrument : instruments_)
        if (!instrument.points().empty()) all.push_back({&instrument.info(), instrument.points()});
    return all;
}

}  // namespace telemetry
