#include "process/guard.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/files.hpp"
#include "process/run_mark.hpp"

namespace process {
namespace {

constexpr std::size_t kMostGroups = 4096;

void take_name(char** argv) {
    constexpr char kName[] = "agent-guard";
    ::prctl(PR_SET_NAME, kName);
    if (!argv[0]) return;
    char* end = argv[0];
    for (char** arg = argv; *arg; ++arg) end = *arg + std::strlen(*arg);
    const auto room = static_cast<std::size_t>(end - argv[0]);
    std::memset(argv[0], 0, room);
    std::memcpy(argv[0], kName, std::min(sizeof kName - 1, room));
}

/// What has left its group, and has been the daemon's. Whether there was any: it may have made others meanwhile.
bool kill_detached() {
    bool is_any = false;
    for (const pid_t pid : all_processes())
        if (has_variable(pid, kRunVariable, daemon_mark())) is_any = ::kill(pid, SIGKILL) == 0 || is_any;
    return is_any;
}

/// The guard's whole life. Nothing here allocates while the daemon lives: its pages stay shared with the daemon's.
[[noreturn]] void keep_watch(int pipe) {
    static pid_t groups[kMostGroups];
    std::size_t count = 0;
    pid_t message = 0;
    for (;;) {
        const ssize_t got = ::read(pipe, &message, sizeof message);
        if (got < 0 && errno == EINTR) continue;
        if (got != sizeof message) break;
        if (message > 0 && count < kMostGroups) groups[count++] = message;
        if (message < 0) count = static_cast<std::size_t>(std::remove(groups, groups + count, -message) - groups);
    }
    for (std::size_t i = 0; i < count; ++i) ::kill(-groups[i], SIGKILL);
    while (kill_detached()) ::usleep(1000);
    ::_exit(0);
}

}  // namespace

base::Result<Guard> Guard::start(char** argv) {
    daemon_mark();  // the same for both of us
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return base::errno_error(errno).within("starting the guard");
    base::UniqueFd read_end(ends[0]);
    base::UniqueFd write_end(ends[1]);
    const pid_t pid = ::fork();
    if (pid < 0) return base::errno_error(errno).within("starting the guard");
    if (pid == 0) {
        sigset_t all;
        sigfillset(&all);
        ::sigprocmask(SIG_SETMASK, &all, nullptr);
        ::setsid();  // a signal to the daemon's group or terminal must not reach it
        take_name(argv);
        ::dup2(read_end.get(), 0);
        ::close_range(1, ~0u, 0);
        if (::chdir("/") != 0) ::_exit(1);
        keep_watch(0);
    }
    return Guard(std::move(write_end));
}

bool Guard::tell(pid_t message) {
    // Smaller than PIPE_BUF, so it goes whole or not at all. SIGPIPE is ignored by the daemon.
    return ::write(pipe_.get(), &message, sizeof message) == sizeof message;
}

}  // namespace process
