#include "process/descent.hpp"

#include <unistd.h>

#include <cstdio>
#include <string>

#include "base/files.hpp"
#include "process/run_mark.hpp"

namespace process {
namespace {

constexpr int kMostGenerations = 64;

}  // namespace

/// By "PID (NAME) STATE PPID …"; the name may hold anything. 0: there is none.
pid_t parent_of(pid_t pid) {
    const auto stat = base::read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
    const std::size_t name_end = stat ? stat->rfind(')') : std::string::npos;
    if (name_end == std::string::npos) return 0;
    char state = 'X';
    int parent = 0;
    return std::sscanf(stat->c_str() + name_end + 1, " %c %d", &state, &parent) == 2 ? parent : 0;
}

bool belongs_to(pid_t pid, pid_t leader, const std::string& run_id) {
    pid_t above = pid;
    for (int i = 0; i < kMostGenerations && above > 1; ++i) {
        if (above == leader || ::getpgid(above) == leader) return true;
        if (above == ::getpid()) return above != pid && has_variable(pid, kRunVariable, run_id + '\0');
        above = parent_of(above);
    }
    return false;
}

}  // namespace process
