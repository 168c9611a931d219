#include "process/init.hpp"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

namespace process {
namespace {

/// Reaps every dead child. The daemon's exit code once it is among them.
std::optional<int> reap_all(pid_t daemon) {
    std::optional<int> code;
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;)
        if (pid == daemon) code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    return code;
}

}  // namespace

std::optional<int> run_init_if_first() {
    if (::getpid() != 1) return std::nullopt;
    sigset_t all, before;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, &before);
    const pid_t daemon = ::fork();
    if (daemon < 0) return 1;
    if (daemon == 0) {
        ::sigprocmask(SIG_SETMASK, &before, nullptr);
        return std::nullopt;
    }
    for (;;) {
        siginfo_t info{};
        const int signo = ::sigwaitinfo(&all, &info);
        if (signo == SIGCHLD) {
            if (const auto code = reap_all(daemon)) return code;
        } else if (signo > 0) {
            ::kill(daemon, signo);
        }
    }
}

}  // namespace process
