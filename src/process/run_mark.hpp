// By what the processes of an agent are known that have left its group and lost their parents: a variable that they
// inherit.
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace process {

inline constexpr std::string_view kRunVariable = "OPAMP_RUN_ID";

/// Begins every run's ID of this daemon; made at the first call, so that a fork after it knows it too.
const std::string& daemon_mark();
/// For one process of an agent and all that comes of it.
std::string new_run_id();

/// Whether the process has the variable, with a value that begins so. False for one that neither we nor its
/// own user may look at.
bool has_variable(pid_t pid, std::string_view name, std::string_view value_begin);

/// Of /proc, without what could not be read.
std::vector<pid_t> all_processes();
/// What we are the parent of, whoever made them.
std::vector<pid_t> own_children();

}  // namespace process
