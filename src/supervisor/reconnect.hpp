// How long to wait before the next attempt to connect. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/units.hpp"

namespace supervisor {

struct ReconnectPolicy {
    base::Duration initial_interval = std::chrono::milliseconds(500);
    base::Duration max_interval = std::chrono::seconds(60);
};

/// What the server asked for counts at most this long: a mistake of its must not silence a host for a year.
inline constexpr base::Duration kLongestRetryAfter = std::chrono::hours(1);

/// Full jitter: anywhere between nothing and initial · 2^failures, at most the maximum, so that a fleet that lost its
/// server does not come back as one. `retry_after` is waited for in full, with the jitter on top. `random` is any 64
/// bits.
base::Duration next_pause(int failures, const ReconnectPolicy& policy, std::optional<base::Duration> retry_after,
                          std::uint64_t random);

}  // namespace supervisor
