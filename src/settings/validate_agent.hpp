// Checks of what keys of one agent say together, by part. Private to this folder.
#pragma once

#include <string>

#include "settings/agent.hpp"
#include "settings/environment.hpp"
#include "settings/problem.hpp"

namespace settings {

/// `path` is the agent's key: "agents.web". What the agent says itself replaces what its preset says, where both cannot
/// be.
void check_reload(Reload& reload, const std::string& path, const Environment& environment, Report& report);

/// After `working_directory` is known. Makes paths absolute.
void check_health(Agent& agent, const std::string& path, const Environment& environment, Report& report);
/// Whether `min_uptime` counts.
bool waits_for_uptime(const Health& health);
/// After `provisions.folder` is known, where the socket is.
void check_notify_socket(const Agent& agent, const std::string& path, Report& report);
/// Makes `agent.output.file` absolute, where there is one.
void check_output(Agent& agent, const std::string& path, const std::filesystem::path& settings_file,
                  const Environment& environment, Report& report);

void check_stop(Agent& agent, const std::string& path, Report& report);

/// `command` names its program by an absolute path afterwards.
void check_command(std::vector<std::string>& command, const std::string& path, const Environment& environment,
                   Report& report);

}  // namespace settings
