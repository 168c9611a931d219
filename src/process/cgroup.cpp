#include "process/cgroup.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <vector>

#include "base/files.hpp"
#include "base/number.hpp"

namespace process {
namespace {

namespace fs = std::filesystem;
using base::Error;
using base::Kind;
using base::Result;

/// What the daemon itself is moved to.
constexpr char kOwnLeaf[] = "supervisor";
constexpr char kHint[] =
    "write Delegate=yes into opampd's unit, or run it in a container with a control group of its own; "
    "--check looks at the group that it is run in";

/// In one write, as the kernel wants it.
Result<void> write(const fs::path& file, std::string_view text) {
    const base::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return base::errno_error(errno).within("writing '" + std::string(text) + "' to '" + file.string() + "'");
    return {};
}

std::string read(const fs::path& file) {
    auto text = base::read_file(file, 1u << 20);
    return text ? *std::move(text) : "";
}

std::vector<std::string> split(std::string_view text, char by) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(by), text.size());
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::vector<std::string> words(std::string text) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    auto found = split(text, ' ');
    std::erase(found, "");
    return found;
}

/// systemd marks what it has given away.
bool has_mark(const fs::path& folder) {
    for (const char* name : {"trusted.delegate", "user.delegate"}) {
        char value[8] = {};
        if (::getxattr(folder.c_str(), name, value, sizeof value) == 1 && value[0] == '1') return true;
    }
    return false;
}

bool is_systemds(const std::string& path) {
    const auto parts = split(path, '/');
    return std::any_of(parts.begin(), parts.end(), [](const std::string& part) {
        return part.ends_with(".service") || part.ends_with(".scope") || part.ends_with(".slice");
    });
}

bool is_writable(const fs::path& folder) {
    return ::access((folder / "cgroup.procs").c_str(), W_OK) == 0 &&
           ::access((folder / "cgroup.subtree_control").c_str(), W_OK) == 0 && ::access(folder.c_str(), W_OK) == 0;
}

/// Only the first group of the whole machine may hold processes beside groups.
bool is_first_of_machine(const fs::path& folder) {
    return ::access((folder / "cgroup.type").c_str(), F_OK) != 0;
}

bool ends_with_controller(const std::string& options, std::string_view controller) {
    const auto parts = split(options, ',');
    return std::find(parts.begin(), parts.end(), controller) != parts.end();
}

}  // namespace

std::set<std::string> controllers_of(const CgroupFiles& files) {
    std::set<std::string> controllers;
    for (const auto& [file, text] : files) controllers.insert(file.substr(0, file.find('.')));
    return controllers;
}

std::optional<CgroupPlace> find_cgroup(std::string_view controller, std::string_view cgroup,
                                       std::string_view mountinfo) {
    std::optional<std::string> path;
    for (const std::string& line : split(cgroup, '\n')) {
        const std::size_t first = line.find(':'), second = line.find(':', first + 1);
        if (first == std::string::npos || second == std::string::npos) continue;
        const std::string names = line.substr(first + 1, second - first - 1);
        if (controller.empty() ? names.empty() : ends_with_controller(names, controller))
            path = line.substr(second + 1);
    }
    if (!path) return std::nullopt;
    for (const std::string& line : split(mountinfo, '\n')) {
        // "ID PARENT DEVICE ROOT MOUNTPOINT OPTIONS … - TYPE SOURCE OPTIONS"
        const auto fields = split(line, ' ');
        const auto dash = std::find(fields.begin(), fields.end(), "-");
        if (fields.size() < 6 || fields.end() - dash < 4) continue;
        const bool is_wanted = controller.empty() ? dash[1] == "cgroup2"
                                                  : dash[1] == "cgroup" && ends_with_controller(dash[3], controller);
        const std::string& root = fields[3];
        const std::string below = root == "/" ? *path : path->substr(std::min(root.size(), path->size()));
        const bool is_below = path->starts_with(root) && (below.empty() || below.front() == '/');
        if (!is_wanted || !is_below) continue;
        return CgroupPlace{fs::path(fields[4] + below).lexically_normal(), *path};
    }
    return std::nullopt;
}

Result<CgroupTree> CgroupTree::find(const std::set<std::string>& controllers) {
    const auto refused = [](const std::string& what) { return Error(Kind::refused, what).hint(kHint); };
    auto place = find_cgroup("", read("/proc/self/cgroup"), read("/proc/self/mountinfo"));
    if (!place) return refused("this host has no control groups of version 2");
    fs::path folder = place->folder;
    if (folder.filename() == "") folder = folder.parent_path();
    // A unit beside us may be below what was given to a user's systemd: that is not ours.
    const bool is_leaf = !is_systemds(folder.filename()) && !has_mark(folder) &&
                         (folder.filename() == kOwnLeaf || has_mark(folder.parent_path()));
    if (is_leaf) folder = folder.parent_path();
    if (is_systemds(place->path) && !has_mark(folder))
        return refused("opampd's control group '" + place->path + "' is not delegated to it");
    if (!is_writable(folder))
        return refused("opampd's control group '" + place->path + "' (" + folder.string() +
                       ") cannot be written to by this user");
    const auto there = words(read(folder / "cgroup.controllers"));
    for (const std::string& controller : controllers)
        if (std::find(there.begin(), there.end(), controller) == there.end())
            return refused("the controller '" + controller + "' is not to be had in opampd's control group '" +
                           place->path + "'");
    return CgroupTree(std::move(folder), controllers);
}

Result<void> CgroupTree::divide() const {
    constexpr int kRounds = 20;  // whoever starts something there meanwhile
    const bool may_hold_processes = is_first_of_machine(folder_);
    Result<void> moved, divided;
    for (int round = 0; round < kRounds; ++round) {
        if (!may_hold_processes) moved = move_to_leaf();
        divided = {};
        for (const std::string& controller : controllers_)
            if (auto enabled = write(folder_ / "cgroup.subtree_control", "+" + controller); !enabled)
                divided = std::move(enabled);
        if (divided && (may_hold_processes || read(folder_ / "cgroup.procs").empty())) return divided;
    }
    if (!divided) return divided;
    if (!moved) return moved;
    return Error(Kind::io, "the control group '" + folder_.string() + "' gets new processes again and again");
}

/// A failure may be of what has ended meanwhile.
Result<void> CgroupTree::move_to_leaf() const {
    const fs::path leaf = folder_ / kOwnLeaf;
    if (::mkdir(leaf.c_str(), 0755) != 0 && errno != EEXIST)
        return base::errno_error(errno).within("creating '" + leaf.string() + "'");
    const auto inside = words(read(folder_ / "cgroup.procs"));
    // A group that shares out nothing but `pids` and holds processes has none below it that could be entered.
    if (!inside.empty())
        for (const std::string& shared : words(read(folder_ / "cgroup.subtree_control")))
            (void)write(folder_ / "cgroup.subtree_control", "-" + shared);
    Result<void> all_moved;
    for (const std::string& pid : inside)
        if (auto moved = write(leaf / "cgroup.procs", pid); !moved) all_moved = std::move(moved);
    return all_moved;
}

Result<Cgroup> Cgroup::make(const CgroupTree& tree, const std::string& name, const CgroupFiles& files) {
    const fs::path folder = tree.folder() / ("agent-" + name);
    if (::mkdir(folder.c_str(), 0755) != 0 && errno != EEXIST)
        return base::errno_error(errno).within("creating '" + folder.string() + "'");
    Cgroup cgroup(folder);
    cgroup.kill();  // what a daemon that was killed has left
    for (const auto& [file, text] : files) {
        if (::access((folder / file).c_str(), F_OK) != 0)
            return Error(Kind::refused, "this kernel has no " + file + " in control groups");
        if (auto written = write(folder / file, text); !written) return std::move(written).error();
    }
    // An agent of which a part was killed is no agent; without a limit of memory there is no such file.
    if (::access((folder / "memory.oom.group").c_str(), F_OK) == 0)
        if (auto written = write(folder / "memory.oom.group", "1"); !written) return std::move(written).error();
    return cgroup;
}

Cgroup::~Cgroup() {
    if (folder_.empty()) return;
    kill();
    for (int round = 0; round < 200 && ::rmdir(folder_.c_str()) != 0 && errno == EBUSY; ++round) ::usleep(1000);
}

Result<base::UniqueFd> Cgroup::open_procs() const {
    const fs::path file = folder_ / "cgroup.procs";
    base::UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return base::errno_error(errno).within("opening '" + file.string() + "'");
    return fd;
}

void Cgroup::kill() const {
    if (write(folder_ / "cgroup.kill", "1")) return;
    for (const std::string& pid : words(read(folder_ / "cgroup.procs")))  // Linux before 5.14
        if (const auto number = base::parse_number<pid_t>(pid)) ::kill(*number, SIGKILL);
}

bool Cgroup::is_populated() const {
    return value_of(read(folder_ / "cgroup.events"), "populated").value_or(0) != 0;
}

async::Task<> Cgroup::emptied(async::SteadyClock::duration limit) const {
    using namespace std::chrono_literals;
    const auto end = async::SteadyClock::now() + limit;
    while (is_populated() && async::SteadyClock::now() < end) co_await async::sleep_for(500us);
}

std::uint64_t Cgroup::memory_kills() const {
    return value_of(read(folder_ / "memory.events"), "oom_kill").value_or(0);
}

MemoryKills MemoryKills::here() {
    MemoryKills kills;
    const std::string cgroup = read("/proc/self/cgroup"), mountinfo = read("/proc/self/mountinfo");
    std::error_code code;
    if (const auto place = find_cgroup("", cgroup, mountinfo))
        if (fs::exists(place->folder / "memory.events.local", code))
            kills.file_ = place->folder / "memory.events.local";
    if (const auto place = find_cgroup("memory", cgroup, mountinfo); place && kills.file_.empty())
        if (fs::exists(place->folder / "memory.oom_control", code)) kills.file_ = place->folder / "memory.oom_control";
    return kills;
}

std::uint64_t MemoryKills::count() const {
    return file_.empty() ? 0 : value_of(read(file_), "oom_kill").value_or(0);
}

bool MemoryKills::take_one(std::uint64_t before) {
    const std::uint64_t known = std::max(before, taken_);
    if (count() <= known) return false;
    taken_ = known + 1;
    return true;
}

std::optional<std::uint64_t> value_of(std::string_view text, std::string_view key) {
    for (const std::string& line : split(text, '\n')) {
        const std::size_t blank = line.find(' ');
        if (blank != std::string::npos && line.substr(0, blank) == key)
            return base::parse_number<std::uint64_t>(line.substr(blank + 1));
    }
    return std::nullopt;
}

}  // namespace process
