// Whether an agent has been alive for long enough; that it is alive is what the others of its process know.
#pragma once

#include "async/task.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

namespace health {

struct UptimeProbe {
    async::SteadyClock::time_point started;
    base::Duration at_least = std::chrono::seconds(1);
};

inline async::Task<base::Result<void>> ask(const UptimeProbe& probe) {
    if (async::SteadyClock::now() - probe.started < probe.at_least)
        co_return base::Error(base::Kind::refused, "not alive for " + base::format_duration(probe.at_least) + " yet");
    co_return base::Result<void>();
}

}  // namespace health
