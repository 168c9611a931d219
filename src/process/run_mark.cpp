#include "process/run_mark.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>

#include "base/files.hpp"
#include "base/number.hpp"
#include "base/uuid.hpp"

namespace process {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostEnvironment = 4u << 20;

/// By "PID (NAME) STATE PPID …"; the name may hold anything.
pid_t parent_in(const std::string& stat) {
    const std::size_t name_end = stat.rfind(')');
    int parent = 0;
    if (name_end == std::string::npos || std::sscanf(stat.c_str() + name_end + 1, " %*c %d", &parent) != 1) return 0;
    return parent;
}

std::vector<pid_t> numbers_in(std::string_view text) {
    std::vector<pid_t> numbers;
    while (!text.empty()) {
        const std::size_t blank = std::min(text.find(' '), text.size());
        if (const auto number = base::parse_number<pid_t>(text.substr(0, blank))) numbers.push_back(*number);
        text.remove_prefix(std::min(blank + 1, text.size()));
    }
    return numbers;
}

}  // namespace

const std::string& daemon_mark() {
    static const std::string mark = base::Uuid::v7(std::chrono::system_clock::now()).text();
    return mark;
}

std::string new_run_id() {
    static unsigned long count = 0;
    return daemon_mark() + "-" + std::to_string(++count);
}

bool has_variable(pid_t pid, std::string_view name, std::string_view value_begin) {
    const auto environment = base::read_file("/proc/" + std::to_string(pid) + "/environ", kMostEnvironment);
    if (!environment) return false;
    const std::string wanted = std::string(name) + "=" + std::string(value_begin);
    return environment->starts_with(wanted) || environment->find('\0' + wanted) != std::string::npos;
}

std::vector<pid_t> all_processes() {
    std::vector<pid_t> found;
    std::error_code code;
    for (fs::directory_iterator next("/proc", code), end; !code && next != end; next.increment(code))
        if (const auto pid = base::parse_number<pid_t>(next->path().filename().string())) found.push_back(*pid);
    return found;
}

std::vector<pid_t> own_children() {
    const pid_t self = ::getpid();
    const std::string own = "/proc/" + std::to_string(self);
    if (const auto listed = base::read_file(own + "/task/" + std::to_string(self) + "/children", kMostEnvironment))
        return numbers_in(*listed);
    std::vector<pid_t> children;  // a kernel without CONFIG_PROC_CHILDREN
    for (const pid_t pid : all_processes()) {
        const auto stat = base::read_file("/proc/" + std::to_string(pid) + "/stat", 4096);
        if (stat && parent_in(*stat) == self) children.push_back(pid);
    }
    return children;
}

}  // namespace process
