// Whether agents can be what the settings want them to be, on this host and as this daemon: tried out, before anything
// is started.
#pragma once

#include <string>
#include <vector>

#include "settings/settings.hpp"

namespace supervisor {

/// What cannot be, one line each: "agent.user: …". A child of ours takes the privileges of each agent and looks for
/// what the agent needs, and ends.
std::vector<std::string> impossible_privileges(const settings::Settings& settings);

}  // namespace supervisor
