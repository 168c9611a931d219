// The files that opampd writes for an agent: where they are, and that they hit none that is not ours to replace.
#pragma once

#include <filesystem>
#include <string>

#include "settings/environment.hpp"
#include "settings/problem.hpp"
#include "settings/settings.hpp"

namespace settings {

/// Makes `agent.working_directory` and `agent.config_path` absolute. `path` is the agent's key in the settings file.
void place_config(Agent& agent, const std::string& path, const std::filesystem::path& settings_file,
                  const Environment& environment, Report& report);

/// The same for `agent.own_telemetry.file`, after that.
void place_own_telemetry(Agent& agent, const std::string& path, const std::filesystem::path& settings_file,
                         const Environment& environment, Report& report);

}  // namespace settings
