// What an agent is made of, as a program of the operator's tells it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "async/task.hpp"
#include "base/result.hpp"
#include "opamp/messages.hpp"
#include "process/guard.hpp"
#include "settings/settings.hpp"
#include "supervisor/provision.hpp"

namespace supervisor {

/// A YAML or JSON map from each component's ID to `metadata` (a map of texts) and `components` (a map like this one).
/// Pure. Errors: invalid (says which component is at fault), too_large (over 10000 components, or 32 levels).
base::Result<opamp::Components> parse_components(std::string_view text);

/// Runs the agent's `available_components.command`, and parses what it prints.
/// Errors  as process::run_command; refused (the command failed), timeout, too_large, invalid.
/// Cancel  ends the command. `agent` and `provision` outlive the task.
async::Task<base::Result<opamp::Components>> load_components(async::asio::any_io_executor executor,
                                                             const settings::Agent& agent, std::string instance_uid,
                                                             const Provision& provision, process::Guard* guard);

}  // namespace supervisor
