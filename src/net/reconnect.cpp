#include "net/reconnect.hpp"

#include <algorithm>

namespace net {
namespace {

base::Duration doubled(base::Duration first, int times, base::Duration most) {
    base::Duration value = first;
    for (int i = 0; i < times && value < most; ++i) value *= 2;
    return std::min(value, most);
}

base::Duration least_pause(const Setback& setback, const ReconnectPolicy& policy) {
    if (!setback.is_throttled) return base::Duration::zero();
    if (setback.retry_after) return std::min(*setback.retry_after, kLongestRetryAfter);
    const auto most = std::max(policy.max_interval, policy.throttled_interval);
    return doubled(policy.throttled_interval, setback.failures, most);
}

}  // namespace

base::Duration next_pause(const Setback& setback, const ReconnectPolicy& policy, std::uint64_t random) {
    const auto bound = doubled(policy.initial_interval, setback.failures, policy.max_interval);
    const double share = static_cast<double>(random >> 11) / static_cast<double>(1ull << 53);
    const auto jitter = base::Duration(static_cast<std::int64_t>(static_cast<double>(bound.count()) * share));
    return least_pause(setback, policy) + jitter;
}

}  // namespace net
