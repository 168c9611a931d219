// Runs a program and does to it what is planned for one of its file-system calls.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "fault/calls.hpp"

namespace fault {

/// A call by its name, its path and how often there was such a one before: threads may take turns in another order the
/// next time.
struct Plan {
    enum class Deed { none, kill_before, kill_after, fail, fail_from };
    Deed deed = Deed::none;
    std::string name, path;
    int occurrence = 1;
    int error = 0;
};

class Tracer {
public:
    struct Options {
        Plan plan;
        std::vector<std::string> within;  ///< Only calls with a path in these folders count.
        std::FILE* report = nullptr;      ///< A line a call: kind, name, occurrence, result, path, with tabs between.
        bool is_armed = false;            ///< From the first call on, not from SIGUSR1 on.
    };
    explicit Tracer(Options options);

    /// Runs `argv` to its end; SIGUSR1 arms, SIGUSR2 disarms, SIGTERM and SIGINT are passed on. Its exit code, or 128
    /// and the signal.
    int run(char** argv);

private:
    /// What one thread is in the middle of.
    struct Thread {
        bool is_counted = false;
        FileCall call;
        int occurrence = 0;
        int error = 0;  ///< What the call is made to return.
        bool is_to_be_killed = false;
    };

    void start(char** argv);
    void on_stop(pid_t thread, int status);
    void on_entry(pid_t thread, std::uint64_t number, const std::array<std::uint64_t, 6>& args);
    void on_exit(pid_t thread, std::int64_t result);
    void on_syscall(pid_t thread);
    void resume(pid_t thread, int signal = 0) const;
    void arm(bool is_armed);
    void kill_program();
    bool counts(const FileCall& call) const;
    bool is_planned(const FileCall& call, int occurrence);
    void tell(const char* word);

    Options options_;
    pid_t program_ = 0;
    bool is_armed_;
    bool has_begun_ = false;  ///< `fail_from` is under way.
    std::map<pid_t, Thread> threads_;
    std::map<std::pair<std::string, std::string>, int> occurrences_;
};

}  // namespace fault
