#include "process/child.hpp"

#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/blocked_signals.hpp"
#include "base/files.hpp"
#include "base/unique_fd.hpp"
#include "process/orphans.hpp"
#include "process/vfork_limit.hpp"

namespace process {
namespace {

/// Above what a child can be given.
constexpr int kFirstFree = 64;

// <sys/pidfd.h> of glibc 2.36 lacks C linkage, and P_PIDFD a constant.
constexpr idtype_t kPidfd = static_cast<idtype_t>(3);
int open_pidfd(pid_t pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

/// What the child needs, prepared before the fork: between vfork and exec nothing may allocate.
struct Prepared {
    std::vector<char*> argv, envp;
    int input = -1, error_output = -1;
    std::vector<base::UniqueFd> descriptors;  ///< Where none of the numbers is that they are to get; so with the next.
    base::UniqueFd cgroup_procs;
    pid_t parent = 0;
};

/// What went wrong in the child, written into the memory that it shares with the parent until exec.
struct Trouble {
    const char* step = nullptr;
    int code = 0;
};

char* text(const std::string& string) {
    return const_cast<char*>(string.c_str());
}

void write_start_line(const SpawnSpec& spec) {
    if (spec.start_line_head.empty()) return;
    char digits[16];
    char* begin = digits + sizeof digits;
    for (pid_t rest = ::getpid(); rest > 0; rest /= 10) *--begin = static_cast<char>('0' + rest % 10);
    const auto put = [&](const char* data, std::size_t size) {
        if (::write(STDOUT_FILENO, data, size) < 0) return;  // a full disk is no reason not to run
    };
    put(spec.start_line_head.data(), spec.start_line_head.size());
    put(begin, static_cast<std::size_t>(digits + sizeof digits - begin));
    put(spec.start_line_tail.data(), spec.start_line_tail.size());
}

/// False: the daemon died before the promise stood. A change of credentials takes the promise back.
bool die_with(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    return ::getppid() == parent;
}

/// Those that were given, and no other.
bool arrange_descriptors(const SpawnSpec& spec, const Prepared& prepared) {
    if (::dup2(prepared.input, STDIN_FILENO) < 0 || ::dup2(spec.output, STDOUT_FILENO) < 0 ||
        ::dup2(prepared.error_output, STDERR_FILENO) < 0)
        return false;
    int next = STDERR_FILENO;
    for (const base::UniqueFd& descriptor : prepared.descriptors)
        if (::dup2(descriptor.get(), ++next) < 0) return false;
    ::close_range(static_cast<unsigned>(next) + 1, ~0u, CLOSE_RANGE_CLOEXEC);
    return true;
}

/// Runs in the child, in the parent's memory: system calls only.
void become_program(const SpawnSpec& spec, const Prepared& prepared, volatile Trouble& trouble) {
    const auto failed = [&](const char* step) {
        trouble.step = step;
        trouble.code = errno;
    };
    ::setpgid(0, 0);
    if (!die_with(prepared.parent)) return;
    for (int signo = 1; signo < NSIG; ++signo) ::signal(signo, SIG_DFL);
    if (!arrange_descriptors(spec, prepared)) return failed("redirecting its input and output");
    write_start_line(spec);  // a limit on the size of files counts from here on
    if (const auto refused = take_privileges(spec.privileges, prepared.cgroup_procs.get())) {
        trouble.step = to_string(refused->step);
        trouble.code = refused->code;
        return;
    }
    if (!die_with(prepared.parent)) return;
    if (::chdir(spec.working_directory.c_str()) != 0) return failed("changing to its working directory");
    sigset_t none;
    sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::execve(spec.executable.c_str(), prepared.argv.data(), prepared.envp.data());
    failed("executing it");
}

bool lift_descriptors(const SpawnSpec& spec, Prepared& prepared) {
    for (const int descriptor : spec.descriptors) {
        prepared.descriptors.emplace_back(::fcntl(descriptor, F_DUPFD_CLOEXEC, kFirstFree));
        if (!prepared.descriptors.back()) return false;
    }
    if (spec.cgroup_procs < 0) return true;
    prepared.cgroup_procs.reset(::fcntl(spec.cgroup_procs, F_DUPFD_CLOEXEC, kFirstFree));
    return static_cast<bool>(prepared.cgroup_procs);
}

base::Error spawn_error(const SpawnSpec& spec, const Trouble& trouble) {
    const std::string what = "starting '" + spec.executable.string() + "': " + trouble.step;
    auto error = trouble.code == ENOEXEC
                     ? base::Error(base::Kind::invalid, "not a program and not a script with a #! line")
                     : base::errno_error(trouble.code);
    if (trouble.code == EACCES)
        return std::move(error).within(what).hint("is it executable (chmod +x), and may this user enter its folder?");
    if (trouble.code == ENOENT && std::strcmp(trouble.step, "executing it") == 0)
        return std::move(error).within(what).hint("does the file exist, and the interpreter that its #! line names?");
    return std::move(error).within(what);
}

}  // namespace

std::string describe(const ExitStatus& status) {
    return status.signal != 0 ? "killed by signal " + std::to_string(status.signal)
                              : "exit code " + std::to_string(status.code);
}

base::Result<Child> Child::spawn(async::asio::any_io_executor executor, const SpawnSpec& spec) {
    base::UniqueFd nothing;
    if (spec.input < 0) nothing.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    if (spec.input < 0 && !nothing) return base::errno_error(errno).within("opening '/dev/null'");
    Prepared prepared;
    prepared.input = nothing ? nothing.get() : spec.input;
    prepared.error_output = spec.error_output < 0 ? spec.output : spec.error_output;
    prepared.parent = ::getpid();
    if (!lift_descriptors(spec, prepared)) return base::errno_error(errno).within("passing on a descriptor");
    prepared.argv.push_back(text(spec.executable.native()));
    for (const std::string& arg : spec.args) prepared.argv.push_back(text(arg));
    prepared.argv.push_back(nullptr);
    for (const std::string& variable : spec.environment) prepared.envp.push_back(text(variable));
    prepared.envp.push_back(nullptr);

    const DumpableAgain dumpable_again;
    // Our signal handlers must not run in the child while it shares our memory.
    const base::BlockedSignals blocked;
    volatile Trouble trouble;
    std::optional<VforkLimit> limit;
    if (spec.privileges.user) limit.emplace();  // else nobody but us may stop it
    const pid_t pid = ::vfork();
    if (pid == 0) {
        if (limit) limit->begin();
        become_program(spec, prepared, trouble);
        ::_exit(127);
    }
    const int fork_error = errno;
    limit.reset();
    if (pid < 0)
        return base::errno_error(fork_error).within("starting '" + spec.executable.string() + "': making a process");
    const Trouble seen{trouble.step, trouble.code};
    const int pidfd = seen.step ? -1 : open_pidfd(pid);
    if (pidfd < 0) {
        const int code = errno;
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
        return spawn_error(spec, seen.step ? seen : Trouble{"opening its pidfd", code});
    }
    return Child(std::move(executor), pid, pidfd);
}

Child::Child(async::asio::any_io_executor executor, pid_t pid, int pidfd)
    : pid_(pid), pidfd_(std::move(executor), pidfd) {
    note_child(pid_);
}

Child::~Child() {
    if (!pidfd_.is_open() || reaped_) return;
    signal(SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    forget_child(pid_);
}

async::Task<> Child::ended() {
    co_await pidfd_.async_wait(async::asio::posix::stream_descriptor::wait_read, async::as_result);
}

std::optional<ExitStatus> Child::reap() {
    siginfo_t info{};
    const auto id = static_cast<id_t>(pidfd_.native_handle());
    if (reaped_ || ::waitid(kPidfd, id, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == 0)
        return std::nullopt;
    // While the leader is a zombie its group's number cannot be another's.
    ::kill(-pid_, SIGKILL);
    ::waitid(kPidfd, id, &info, WEXITED | WNOHANG);
    reaped_ = true;
    forget_child(pid_);
    const bool by_signal = info.si_code == CLD_KILLED || info.si_code == CLD_DUMPED;
    return by_signal ? ExitStatus{0, info.si_status} : ExitStatus{info.si_status, 0};
}

void Child::signal(int signo) {
    if (!reaped_) ::kill(-pid_, signo);
}

void Child::signal_leader(int signo) {
    if (!reaped_) ::kill(pid_, signo);
}

namespace {

/// By "PID (NAME) STATE PPID PGRP …"; the name may hold anything.
bool is_living_member(const std::string& stat, pid_t group) {
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos) return false;
    char state = 'X';
    int parent = 0, its_group = 0;
    const int got = std::sscanf(stat.c_str() + name_end + 1, " %c %d %d", &state, &parent, &its_group);
    return got == 3 && its_group == group && state != 'Z' && state != 'X';
}

/// The dead of the group count for `kill` until somebody has reaped them, which is not our part, and may be never.
bool has_living_member(pid_t group) {
    if (::kill(-group, 0) != 0) return false;
    std::error_code code;
    for (std::filesystem::directory_iterator next("/proc", code), end; !code && next != end; next.increment(code)) {
        if (next->path().filename().native().find_first_not_of("0123456789") != std::string::npos) continue;
        const auto stat = base::read_file(next->path() / "stat", 4096);
        if (stat && is_living_member(*stat, group)) return true;
    }
    return false;
}

}  // namespace

async::Task<> group_gone(pid_t group, async::SteadyClock::duration limit) {
    using namespace std::chrono_literals;
    const auto end = async::SteadyClock::now() + limit;
    while (has_living_member(group) && async::SteadyClock::now() < end) co_await async::sleep_for(500us);
}

}  // namespace process
