// How an agent is stopped: the signals that it gets, one after the other.
#pragma once

#include <csignal>
#include <optional>
#include <string>
#include <vector>

#include "settings/agent.hpp"

namespace settings {

/// One signal of a stop, and the time until the next one, or until SIGKILL.
struct StopStep {
    int signal = SIGTERM;
    Duration timeout = std::chrono::seconds(10);
};

/// "SIGTERM 10s"; nothing for what is none.
std::optional<StopStep> parse_stop_step(const std::string& text);

/// Those of `stop_sequence`, else of `stop_signal` and `stop_timeout`: at least one.
std::vector<StopStep> stop_steps(const Agent& agent);

}  // namespace settings
