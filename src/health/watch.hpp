// Asks an agent again and again whether it is well.
#pragma once

#include <cstdint>
#include <string>
#include <variant>

#include "async/task.hpp"
#include "base/units.hpp"
#include "health/command_probe.hpp"
#include "health/file_probe.hpp"
#include "health/http_probe.hpp"
#include "health/socket_probe.hpp"
#include "health/uptime_probe.hpp"

namespace health {

/// One way to ask; each has its `ask`.
using Probe = std::variant<UptimeProbe, HttpProbe, TcpProbe, UnixProbe, CommandProbe, FileProbe>;

async::Task<base::Result<void>> ask(const Probe& probe);

struct Schedule {
    base::Duration interval = std::chrono::seconds(10);  ///< Between two questions once the agent has been well …
    unsigned successes = 1;                              ///< … so many times in a row.
};

/// Told of each answer. Called on the event loop.
class Listener {
public:
    virtual ~Listener() = default;
    /// `took`: from the question to the answer.
    virtual void probe_up(base::Duration took) = 0;
    virtual void probe_down(base::Duration took, const std::string& reason) = 0;
};

/// Asks until cancelled: from 1 ms up while the agent is not well yet, later every interval. A fast agent is seen to be
/// well within milliseconds, and a slow one within a tenth of the time that it took.
async::Task<> watch(Probe probe, Schedule schedule, Listener& listener);

/// The pause before the next question, `elapsed` after the start. Pure.
base::Duration next_question(bool has_been_well, base::Duration elapsed, base::Duration interval);

/// `pause`, up to a tenth longer or shorter by `chance`, so that many agents are not asked in one moment. Pure.
base::Duration spread(base::Duration pause, std::uint64_t chance);

}  // namespace health
