// What an agent's privileges and provisions mean on this host, and what is wrong with them. Private to this folder.
#pragma once

#include <string>

#include "settings/environment.hpp"
#include "settings/problem.hpp"
#include "settings/settings.hpp"

namespace settings {

/// Fills in Agent::privileges.resolved. `path` is the agent's key in the file.
void resolve_privileges(Agent& agent, const std::string& path, const Environment& environment, Report& report);
/// Fills in Agent::cgroup.files.
void resolve_cgroup(Agent& agent, const std::string& path, Report& report);
/// The credentials that the agent's texts name have to be there.
void check_credentials(const Agent& agent, const std::string& path, Report& report);

}  // namespace settings
