// How often something may be said: so many times at once, then once an interval. Pure.
#pragma once

#include <algorithm>
#include <chrono>

#include "base/units.hpp"

namespace base {

/// What is held back is said later, with what has changed until then: the last state is always told.
class Pace {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    Pace(Duration interval, int at_once) : interval_(interval), at_once_(at_once) {}

    /// From when on it may be said again.
    TimePoint next() const {
        return spent_until_ == TimePoint::min() ? spent_until_ : spent_until_ - (at_once_ - 1) * interval_;
    }
    /// It was said, be it before its time or not.
    void say(TimePoint now) {
        spent_until_ = std::min(std::max(spent_until_, now), now + (at_once_ - 1) * interval_) + interval_;
    }

private:
    const Duration interval_;
    const int at_once_;
    TimePoint spent_until_ = TimePoint::min();  ///< When all of it may be said again.
};

}  // namespace base
