#include "process/run_mark.hpp"

#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <optional>

#include "base/files.hpp"
#include "base/number.hpp"
#include "base/uuid.hpp"
#include "process/descent.hpp"
#include "process/privileges.hpp"

namespace process {
namespace {

namespace fs = std::filesystem;

constexpr std::uint64_t kMostEnvironment = 4u << 20, kMostOfOthers = 256u << 10, kMostStatus = 64u << 10;

std::vector<pid_t> numbers_in(std::string_view text) {
    std::vector<pid_t> numbers;
    while (!text.empty()) {
        const std::size_t blank = std::min(text.find(' '), text.size());
        if (const auto number = base::parse_number<pid_t>(text.substr(0, blank))) numbers.push_back(*number);
        text.remove_prefix(std::min(blank + 1, text.size()));
    }
    return numbers;
}

std::string folder_of(pid_t pid) {
    return "/proc/" + std::to_string(pid);
}

/// As which a process looks at that one as at one of its own. Nothing for what is ours, or is gone.
std::optional<Privileges> likeness_of(pid_t pid) {
    const auto status = base::read_file(folder_of(pid) + "/status", kMostStatus);
    if (!status) return std::nullopt;
    const auto has = [&](const char* key, const char* format, auto* value) {
        const std::size_t line = status->find(key);
        return line != std::string::npos && std::sscanf(status->c_str() + line, format, value) == 1;
    };
    unsigned user = 0, group = 0;
    unsigned long long capabilities = 0;
    if (!has("\nUid:", " Uid: %*u %u", &user) || !has("\nGid:", " Gid: %*u %u", &group) ||
        !has("\nCapPrm:", " CapPrm: %llx", &capabilities) || user == ::geteuid())
        return std::nullopt;
    Privileges privileges;
    privileges.user = user;
    privileges.group = group;
    privileges.groups.emplace();
    privileges.ambient = capabilities;
    return privileges;
}

/// A container's root may not look at another user's process. That user may.
std::optional<std::string> environment_of(pid_t pid) {
    const std::string file = folder_of(pid) + "/environ";
    if (auto environment = base::read_file(file, kMostEnvironment)) return *std::move(environment);
    const auto likeness = likeness_of(pid);
    return likeness ? read_as(*likeness, file, kMostOfOthers) : std::nullopt;
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
    const auto environment = environment_of(pid);
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
    const std::string own = folder_of(self);
    if (const auto listed = base::read_file(own + "/task/" + std::to_string(self) + "/children", kMostEnvironment))
        return numbers_in(*listed);
    std::vector<pid_t> children;  // a kernel without CONFIG_PROC_CHILDREN
    for (const pid_t pid : all_processes())
        if (parent_of(pid) == self) children.push_back(pid);
    return children;
}

}  // namespace process
