// Control groups (v2) of agents, below the daemon's own, where that is the daemon's to divide.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "async/task.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace process {

/// Files of a control group and what is written to them: "memory.max", "67108864".
using CgroupFiles = std::map<std::string, std::string>;
/// "memory" of "memory.max".
std::set<std::string> controllers_of(const CgroupFiles& files);

/// Where the process is in the hierarchy of `controller` ("": v2), as a folder, and as the kernel names it. Pure.
struct CgroupPlace {
    std::filesystem::path folder;
    std::string path;
    friend bool operator==(const CgroupPlace&, const CgroupPlace&) = default;
};
/// Of /proc/self/cgroup and /proc/self/mountinfo.
std::optional<CgroupPlace> find_cgroup(std::string_view controller, std::string_view cgroup,
                                       std::string_view mountinfo);

/// The daemon's own control group, to be divided.
class CgroupTree {
public:
    /// Looks, and changes nothing. Errors: refused (there is none, it is not delegated, a controller is missing).
    static base::Result<CgroupTree> find(const std::set<std::string>& controllers);

    /// Moves what is in it into a group of its own below, because the kernel lets only leaves hold processes, and makes
    /// the controllers count there. Errors: io.
    base::Result<void> divide() const;

    const std::filesystem::path& folder() const { return folder_; }

private:
    base::Result<void> move_to_leaf() const;

    CgroupTree(std::filesystem::path folder, std::set<std::string> controllers)
        : folder_(std::move(folder)), controllers_(std::move(controllers)) {}

    std::filesystem::path folder_;
    std::set<std::string> controllers_;
};

/// The one of an agent. What is in it when this object ends is killed, and the group removed.
class Cgroup {
public:
    /// Errors: io (not made, or a limit that the kernel does not take).
    static base::Result<Cgroup> make(const CgroupTree& tree, const std::string& name, const CgroupFiles& files);
    Cgroup(Cgroup&& other) noexcept : folder_(std::exchange(other.folder_, {})) {}
    Cgroup& operator=(Cgroup&&) = delete;
    ~Cgroup();

    /// For SpawnSpec::cgroup_procs. Errors: io.
    base::Result<base::UniqueFd> open_procs() const;
    /// All processes in it, however they are related; new ones too.
    void kill() const;
    /// Returns once nobody is in it any more, or after `limit`.
    async::Task<> emptied(async::SteadyClock::duration limit) const;
    /// How many of its processes were killed for want of memory since it was made.
    std::uint64_t memory_kills() const;

private:
    explicit Cgroup(std::filesystem::path folder) : folder_(std::move(folder)) {}
    bool is_populated() const;

    std::filesystem::path folder_;
};

/// Counts what the kernel has killed for want of memory where the daemon itself is, in either version of control
/// groups.
class MemoryKills {
public:
    /// Where the daemon is just now.
    static MemoryKills here();
    /// 0 where the kernel does not say it.
    std::uint64_t count() const;
    /// Whether one that was killed has it to thank for: `before` was the count when it began. Each of those counted is
    /// told of one process alone.
    bool take_one(std::uint64_t before);

private:
    std::filesystem::path file_;
    std::uint64_t taken_ = 0;  ///< Up to here.
};

/// The number in the line "KEY NUMBER". Pure.
std::optional<std::uint64_t> value_of(std::string_view text, std::string_view key);

}  // namespace process
