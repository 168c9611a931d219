// A small process that outlives the daemon for a moment, to end what a dead daemon cannot.
//
// The kernel kills a child whose parent dies, but not the child's own children: a wrapper script's agent would live on.
// The guard holds the other end of a socket; when the daemon dies, however it does, the connection ends and the guard
// kills the process groups that it was told of, and what the daemon's agents had detached from them. Then it saves what
// they have printed and the daemon has not written yet.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace process {

class Guard {
public:
    /// Forks; call it first in main, while the process is small and has one thread. `argv` is main's, whose memory
    /// gives the guard its name, so that a kill by the daemon's name does not hit both.
    static base::Result<Guard> start(char** argv);

    /// From now until `forget`, the group dies with the daemon. False if the guard is gone.
    bool watch(pid_t group) { return tell({group, 0}); }
    bool forget(pid_t group) { return tell({-group, 0}); }

    /// From now until `forget_output`, what is in `pipe` when the daemon dies is added to `file`, unless another daemon
    /// has locked that by then. False if the guard is gone, or the path is too long for it.
    bool keep_output(std::uint64_t id, int pipe, const std::filesystem::path& file);
    bool forget_output(std::uint64_t id) { return tell({0, id}); }

private:
    /// What goes over the socket; a pipe and a path may come with it.
    struct Message {
        pid_t group;  ///< Negative: to be forgotten. 0: it is about an output.
        std::uint64_t output;
    };
    explicit Guard(base::UniqueFd socket) : socket_(std::move(socket)) {}
    [[noreturn]] static void keep_watch(int socket);
    bool tell(const Message& message);
    base::UniqueFd socket_;
};

}  // namespace process
