// What the keys of an agent's output cannot tell each by itself.
#pragma once

#include <string>

#include "settings/environment.hpp"
#include "settings/problem.hpp"
#include "settings/settings.hpp"

namespace settings {

/// Makes `agent.output.file` absolute, where there is one. `path` is the agent's key in the settings file.
void check_output(Agent& agent, const std::string& path, const std::filesystem::path& settings_file,
                  const Environment& environment, Report& report);

}  // namespace settings
