#include "supervisor/reconnect.hpp"

#include <algorithm>

namespace supervisor {

base::Duration next_pause(int failures, const ReconnectPolicy& policy, std::optional<base::Duration> retry_after,
                          std::uint64_t random) {
    base::Duration bound = policy.initial_interval;
    for (int i = 0; i < failures && bound < policy.max_interval; ++i) bound *= 2;
    bound = std::min(bound, policy.max_interval);
    const double share = static_cast<double>(random >> 11) / static_cast<double>(1ull << 53);
    const auto jitter = base::Duration(static_cast<std::int64_t>(static_cast<double>(bound.count()) * share));
    return std::min(retry_after.value_or(base::Duration::zero()), kLongestRetryAfter) + jitter;
}

}  // namespace supervisor
