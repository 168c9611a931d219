// As PID 1 of a container: the daemon runs as a child, and PID 1 reaps what its agents leave behind.
#pragma once

#include <optional>

namespace process {

/// As any other process: returns nothing, at once. As PID 1: returns nothing in a forked child, which goes on as the
/// daemon; PID 1 itself passes signals on, reaps strangers, and returns the daemon's exit code when that has ended.
std::optional<int> run_init_if_first();

}  // namespace process
