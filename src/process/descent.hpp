// Which processes belong to another one.
#pragma once

#include <sys/types.h>

#include <string>

namespace process {

/// 0 of one that has ended.
pid_t parent_of(pid_t pid);

/// Whether `pid` is `leader`, is in the process group that it leads, or descends from such a one; or is ours, because
/// its parent has ended, and has the mark of the run `run_id`. False for a process that has ended.
bool belongs_to(pid_t pid, pid_t leader, const std::string& run_id);

}  // namespace process
