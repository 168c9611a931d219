// Which processes belong to another one.
#pragma once

#include <sys/types.h>

namespace process {

/// 0 of one that has ended.
pid_t parent_of(pid_t pid);

/// Whether `pid` is `leader`, is in the process group that it leads, or descends from such a one. False for a process
/// that has ended, or whose parent has: what nobody knows any more is a stranger.
bool belongs_to(pid_t pid, pid_t leader);

}  // namespace process
