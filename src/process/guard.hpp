// A small process that outlives the daemon for a moment, to end what a dead daemon cannot.
//
// The kernel kills a child whose parent dies, but not the child's own children: a wrapper script's agent would live on.
// The guard holds the other end of a pipe; when the daemon dies, however it does, the pipe ends and the guard kills the
// process groups that it was told of, and what the daemon's agents had detached from them.
#pragma once

#include <sys/types.h>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace process {

class Guard {
public:
    /// Forks; call it first in main, while the process is small and has one thread. `argv` is main's, whose memory
    /// gives the guard its name, so that a kill by the daemon's name does not hit both.
    static base::Result<Guard> start(char** argv);

    /// From now until `forget`, the group dies with the daemon. False if the guard is gone.
    bool watch(pid_t group) { return tell(group); }
    bool forget(pid_t group) { return tell(-group); }

private:
    explicit Guard(base::UniqueFd pipe) : pipe_(std::move(pipe)) {}
    bool tell(pid_t message);
    base::UniqueFd pipe_;
};

}  // namespace process
