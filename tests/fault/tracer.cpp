#include "fault/tracer.hpp"

#include <signal.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <optional>

namespace fault {
namespace {

/// Threads are followed; what is forked is not: the agents and the guard are none of our business.
constexpr long kOptions = PTRACE_O_EXITKILL | PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACECLONE;

[[noreturn]] void die(const char* what) {
    std::fprintf(stderr, "fault-shim: %s: %s\n", what, std::strerror(errno));
    std::exit(125);
}

sigset_t awaited_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (const int signo : {SIGCHLD, SIGUSR1, SIGUSR2, SIGTERM, SIGINT}) sigaddset(&set, signo);
    return set;
}

/// At the entry: no call is made. Its result is then set at the exit.
void skip_call(pid_t thread) {
    ::ptrace(PTRACE_POKEUSER, thread, offsetof(user, regs.orig_rax), ~0ul);
}

void set_result(pid_t thread, std::int64_t result) {
    ::ptrace(PTRACE_POKEUSER, thread, offsetof(user, regs.rax), result);
}

}  // namespace

Tracer::Tracer(Options options) : options_(std::move(options)), is_armed_(options_.is_armed) {}

void Tracer::start(char** argv) {
    int go[2];
    if (::pipe(go) != 0) die("pipe");
    program_ = ::fork();
    if (program_ < 0) die("fork");
    if (program_ == 0) {
        sigset_t none;
        sigemptyset(&none);
        char word = 0;
        ::close(go[1]);
        if (::read(go[0], &word, 1) != 1) ::_exit(126);
        ::close(go[0]);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::execvp(argv[0], argv);
        die(argv[0]);
    }
    if (::ptrace(PTRACE_SEIZE, program_, nullptr, kOptions) != 0) die("ptrace");
    threads_[program_];
    if (is_armed_) ::ptrace(PTRACE_INTERRUPT, program_, nullptr, nullptr);
    if (::write(go[1], "g", 1) != 1) die("write");
    ::close(go[0]);
    ::close(go[1]);
}

int Tracer::run(char** argv) {
    const sigset_t awaited = awaited_signals();
    ::sigprocmask(SIG_BLOCK, &awaited, nullptr);
    start(argv);
    for (;;) {
        int status = 0;
        pid_t thread = 0;
        while ((thread = ::waitpid(-1, &status, __WALL | WNOHANG)) > 0) {
            if (WIFSTOPPED(status)) {
                on_stop(thread, status);
                continue;
            }
            threads_.erase(thread);
            if (thread == program_) return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
        }
        switch (const int signo = ::sigwaitinfo(&awaited, nullptr)) {
        case SIGUSR1: arm(true); break;
        case SIGUSR2: arm(false); break;
        case SIGTERM:
        case SIGINT: ::kill(program_, signo); break;
        default: break;  // SIGCHLD: a stop or an end
        }
    }
}

void Tracer::arm(bool is_armed) {
    is_armed_ = is_armed;
    // From their next stop on they stop at each call.
    if (is_armed)
        for (const auto& [thread, _] : threads_) ::ptrace(PTRACE_INTERRUPT, thread, nullptr, nullptr);
    tell(is_armed ? "armed" : "disarmed");
}

void Tracer::tell(const char* word) {
    std::fprintf(options_.report, "%s\n", word);
    std::fflush(options_.report);
}

void Tracer::resume(pid_t thread, int signal) const {
    ::ptrace(is_armed_ ? PTRACE_SYSCALL : PTRACE_CONT, thread, nullptr, signal);
}

void Tracer::on_stop(pid_t thread, int status) {
    const int signal = WSTOPSIG(status);
    threads_[thread];
    if (signal == (SIGTRAP | 0x80)) {
        on_syscall(thread);
        resume(thread);
    } else {
        const bool is_event = (status >> 16) != 0;  // a new thread, or the stop that was asked for
        resume(thread, is_event ? 0 : signal);
    }
}

void Tracer::on_syscall(pid_t thread) {
    __ptrace_syscall_info info{};
    if (::ptrace(PTRACE_GET_SYSCALL_INFO, thread, sizeof info, &info) <= 0) return;
    if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
        std::array<std::uint64_t, 6> args{};
        for (std::size_t i = 0; i < args.size(); ++i) args[i] = info.entry.args[i];
        on_entry(thread, info.entry.nr, args);
    } else if (info.op == PTRACE_SYSCALL_INFO_EXIT) {
        on_exit(thread, info.exit.rval);
    }
}

bool Tracer::counts(const FileCall& call) const {
    for (const std::string& folder : options_.within)
        if (call.path == folder || call.path.starts_with(folder + "/")) return true;
    return false;
}

bool Tracer::is_planned(const FileCall& call, int occurrence) {
    const Plan& plan = options_.plan;
    const bool is_it = call.name == plan.name && call.path == plan.path && occurrence == plan.occurrence;
    if (plan.deed != Plan::Deed::fail_from) return is_it;
    has_begun_ = has_begun_ || is_it;
    return has_begun_ && can_fail_with(call, plan.error);
}

void Tracer::on_entry(pid_t thread, std::uint64_t number, const std::array<std::uint64_t, 6>& args) {
    Thread& now = threads_[thread] = Thread{};
    if (!is_armed_) return;
    auto call = file_call(thread, number, args);
    if (!call || !counts(*call)) return;
    now.is_counted = true;
    now.occurrence = ++occurrences_[{call->name, call->path}];
    now.call = std::move(*call);
    if (!is_planned(now.call, now.occurrence)) return;
    switch (options_.plan.deed) {
    case Plan::Deed::none: break;
    case Plan::Deed::kill_before:
        skip_call(thread);
        kill_program();
        break;
    case Plan::Deed::kill_after: now.is_to_be_killed = true; break;
    case Plan::Deed::fail:
    case Plan::Deed::fail_from:
        now.error = options_.plan.error;
        skip_call(thread);
        break;
    }
}

void Tracer::on_exit(pid_t thread, std::int64_t result) {
    Thread& now = threads_[thread];
    if (!now.is_counted) return;
    if (now.error != 0) {
        result = -now.error;
        set_result(thread, result);
    }
    std::fprintf(options_.report, "%s\t%s\t%d\t%lld\t%s\n", to_string(now.call.kind), now.call.name.c_str(),
                 now.occurrence, static_cast<long long>(result), now.call.path.c_str());
    std::fflush(options_.report);
    if (now.is_to_be_killed) kill_program();
    now = Thread{};
}

void Tracer::kill_program() {
    tell("killed");
    ::kill(program_, SIGKILL);
}

}  // namespace fault
