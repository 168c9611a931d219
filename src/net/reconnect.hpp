// How long to wait before the next attempt to reach a server. Pure.
#pragma once

#include <cstdint>
#include <optional>

#include "base/units.hpp"

namespace net {

struct ReconnectPolicy {
    base::Duration initial_interval = std::chrono::milliseconds(500);
    base::Duration max_interval = std::chrono::seconds(60);
    base::Duration throttled_interval = std::chrono::seconds(30);
};

/// What the next attempt comes after.
struct Setback {
    int failures = 0;                           ///< In a row, before the last one.
    bool is_throttled = false;                  ///< The server said that it is overloaded …
    std::optional<base::Duration> retry_after;  ///< … and for how long.
};

/// What the server asked for counts at most this long: a mistake of its must not silence a host for a year.
inline constexpr base::Duration kLongestRetryAfter = std::chrono::hours(1);

/// Full jitter: anywhere between nothing and initial · 2^failures, at most the maximum, so that a fleet that lost its
/// server does not come back as one. What an overloaded server asks for is waited in full, with the jitter on top;
/// where it asks for nothing, `throttled_interval`, which doubles likewise (RETRY-9, RETRY-12). `random` is any 64
/// bits.
base::Duration next_pause(const Setback& setback, const ReconnectPolicy& policy, std::uint64_t random);

}  // namespace net
