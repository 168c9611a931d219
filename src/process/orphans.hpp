// What the daemon's children leave behind when they end becomes the daemon's: reaped, and ended with the agent that it
// came of.
#pragma once

#include <sys/types.h>

#include <functional>
#include <set>
#include <string>

#include "async/task.hpp"
#include "base/result.hpp"

namespace process {

/// From now on whoever loses its parent below us is ours. Once, while there is one thread: SIGCHLD stays blocked in
/// this one and those to come. Errors: io.
base::Result<void> adopt_orphans();

/// A child that somebody of ours reaps; until `forget_child`. By Child itself.
void note_child(pid_t pid);
void forget_child(pid_t pid);

class Orphans {
public:
    /// What is a child of ours already, and not noted, is left alone for good.
    explicit Orphans(async::asio::any_io_executor executor);

    /// Reaps those that end, until cancelled.
    async::Task<> run();

    /// Kills what has come of the run and has no other parent than us; how many. Returns once they are gone, or after
    /// `limit`.
    async::Task<std::size_t> end_run(std::string run_id, async::SteadyClock::duration limit);
    /// The same of all but what commands have detached: at the end, when no agent is left.
    async::Task<std::size_t> end_all(async::SteadyClock::duration limit);

private:
    using Fits = std::function<bool(pid_t)>;
    async::Task<std::size_t> end_those(Fits fits, async::SteadyClock::duration limit);
    bool each_living(const std::function<void(pid_t)>& visit);

    async::asio::posix::stream_descriptor deaths_;
    std::set<pid_t> not_ours_;
};

}  // namespace process
