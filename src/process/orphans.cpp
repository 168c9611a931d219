#include "process/orphans.hpp"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

#include "base/files.hpp"
#include "process/run_mark.hpp"

namespace process {
namespace {

/// Those with an owner who reaps them. Touched on the daemon's one thread alone.
std::set<pid_t>& noted() {
    static std::set<pid_t> children;
    return children;
}

sigset_t child_signal() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    return set;
}

int open_deaths() {
    const sigset_t set = child_signal();
    return ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

void drain(int deaths) {
    signalfd_siginfo news[8];
    while (::read(deaths, news, sizeof news) > 0) {
    }
}

}  // namespace

base::Result<void> adopt_orphans() {
    ::signal(SIGCHLD, SIG_DFL);  // an ignored one would reap our children behind our back
    const sigset_t set = child_signal();
    ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
    if (::prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0) return base::errno_error(errno).within("adopting orphans");
    return {};
}

void note_child(pid_t pid) {
    noted().insert(pid);
}

void forget_child(pid_t pid) {
    noted().erase(pid);
}

Orphans::Orphans(async::asio::any_io_executor executor) : deaths_(std::move(executor), open_deaths()) {
    for (const pid_t pid : own_children())
        if (!noted().contains(pid)) not_ours_.insert(pid);
}

/// Reaps the dead among the strangers, and shows the others. Whether there were any dead: their children are ours only
/// now, and were not seen.
bool Orphans::each_living(const std::function<void(pid_t)>& visit) {
    bool is_any_dead = false;
    for (const pid_t pid : own_children()) {
        if (noted().contains(pid)) continue;
        const bool is_dead = ::waitpid(pid, nullptr, WNOHANG) == pid;
        is_any_dead = is_any_dead || is_dead;
        if (is_dead)
            not_ours_.erase(pid);
        else if (!not_ours_.contains(pid))
            visit(pid);
    }
    return is_any_dead;
}

async::Task<> Orphans::run() {
    for (;;) {
        const auto [code] =
            co_await deaths_.async_wait(async::asio::posix::stream_descriptor::wait_read, async::as_result);
        if (code) co_return;
        drain(deaths_.native_handle());
        each_living([](pid_t) {});
    }
}

/// While it is our child its number is nobody else's. What it leaves behind in turn is found in the next round.
async::Task<std::size_t> Orphans::end_those(Fits fits, async::SteadyClock::duration limit) {
    using namespace std::chrono_literals;
    const auto end = async::SteadyClock::now() + limit;
    std::set<pid_t> killed;
    for (;;) {
        bool is_any_left = false;
        const bool is_any_dead = each_living([&](pid_t pid) {
            if (!fits(pid)) return;
            is_any_left = true;
            if (::kill(pid, SIGKILL) == 0) killed.insert(pid);
        });
        if ((!is_any_left && !is_any_dead) || async::SteadyClock::now() >= end) co_return killed.size();
        co_await async::sleep_for(500us);
    }
}

async::Task<std::size_t> Orphans::end_run(std::string run_id, async::SteadyClock::duration limit) {
    // With the NUL behind it: the tenth run's ID begins as the first one's does.
    run_id.push_back('\0');
    const Fits is_of_run = [&run_id](pid_t pid) { return has_variable(pid, kRunVariable, run_id); };
    co_return co_await end_those(is_of_run, limit);
}

async::Task<std::size_t> Orphans::end_all(async::SteadyClock::duration limit) {
    const Fits is_of_no_command = [](pid_t pid) {
        return has_variable(pid, kRunVariable, daemon_mark()) || !has_variable(pid, "OPAMP_INSTANCE_UID", "");
    };
    co_return co_await end_those(is_of_no_command, limit);
}

}  // namespace process
