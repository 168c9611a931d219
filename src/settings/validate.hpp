// What no key can tell by itself: what is missing, what contradicts, and defaults that depend on the environment.
#pragma once

#include <string>
#include <vector>

#include "settings/environment.hpp"
#include "settings/problem.hpp"
#include "settings/settings.hpp"

namespace settings {

/// Completes `settings` and reports. `agent_paths` are the keys of `settings.agents` in the file, in the same order.
void validate(Settings& settings, const std::vector<std::string>& agent_paths, const Environment& environment,
              Report& report);

}  // namespace settings
