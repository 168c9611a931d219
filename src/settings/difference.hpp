// What two readings of the settings differ in.
#pragma once

#include <string>
#include <vector>

#include "settings/settings.hpp"

namespace settings {

/// The keys whose values are not the same, in the order of the table: "server.endpoint", "agents.web.args"; with one
/// agent "agent.args". Agents and custom capabilities that only one of the two has are named as such. No values.
std::vector<std::string> changed_keys(Settings before, Settings after);

}  // namespace settings
