// One child process: started, waited for through a pidfd, signalled as a group.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/result.hpp"
#include "process/privileges.hpp"

namespace process {

/// How a process ended.
struct ExitStatus {
    int code = 0;
    int signal = 0;  ///< 0: it exited by itself.
    friend bool operator==(const ExitStatus&, const ExitStatus&) = default;
};
/// "exit code 3", "killed by signal 9".
std::string describe(const ExitStatus& status);

struct SpawnSpec {
    std::filesystem::path executable;      ///< Absolute.
    std::vector<std::string> args;         ///< Without the program's name.
    std::vector<std::string> environment;  ///< "NAME=value", the whole of it.
    std::filesystem::path working_directory;
    int input = -1;         ///< For standard input; -1: empty. None of the three is closed here.
    int output = -1;        ///< For standard output.
    int error_output = -1;  ///< For standard error; -1: the same as `output`.
    /// Written to `output` by the child itself just before the program runs, so that it stands in front of the
    /// program's first line: `start_line_head`, the PID, `start_line_tail`. Empty: nothing is written.
    std::string start_line_head, start_line_tail;
    Privileges privileges;
    int cgroup_procs = -1;         ///< The open file of the control group that it is in from the beginning; -1: ours.
    std::vector<int> descriptors;  ///< What it has open beside the three, as 3, 4 and so on. Not closed here.
};

/// A running child process; exists only once exec has succeeded.
///
/// Leader of a process group of its own, default signals, no descriptor of ours but those given, and the privileges
/// that were asked for. The kernel kills it when the daemon dies.
///
/// Owns    the pidfd, and the pid until `reap` has returned a status.
/// Ends    the destructor kills and reaps what is still there: no child outlives its owner.
/// Thread  only on the thread that spawned it: the kernel's promise hangs on that thread.
class Child {
public:
    /// Errors: not_found (no such program, interpreter or folder), invalid (not executable), io (no more processes or
    /// memory; a privilege that cannot be had).
    static base::Result<Child> spawn(async::asio::any_io_executor executor, const SpawnSpec& spec);
    Child(Child&&) noexcept = default;
    Child& operator=(Child&&) = delete;
    ~Child();

    pid_t pid() const { return pid_; }
    /// Returns when `reap` would succeed. Safe to cancel and to repeat.
    async::Task<> ended();
    /// The status, once. Never blocks. What is left of the group is killed first.
    std::optional<ExitStatus> reap();
    /// To the whole group. Nothing happens if it is already gone.
    void signal(int signo);
    /// To the process itself alone.
    void signal_leader(int signo);

private:
    Child(async::asio::any_io_executor executor, pid_t pid, int pidfd);

    pid_t pid_;
    async::asio::posix::stream_descriptor pidfd_;
    bool reaped_ = false;
};

/// Returns once no process of a reaped leader's group runs any more, or after `limit`.
async::Task<> group_gone(pid_t group, async::SteadyClock::duration limit);

}  // namespace process
