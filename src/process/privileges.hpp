// Whose process a child is, what it may, and how much it may take: prepared before the fork, taken by the child itself.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace process {

/// As of setrlimit(2); RLIM_INFINITY is no limit.
struct Limit {
    int resource = 0;
    std::uint64_t soft = 0, hard = 0;
    friend bool operator==(const Limit&, const Limit&) = default;
};

/// What is not said stays as the daemon has it.
struct Privileges {
    std::optional<uid_t> user;
    std::optional<gid_t> group;
    std::optional<std::vector<gid_t>> groups;  ///< The supplementary ones, all of them.
    std::optional<mode_t> umask;
    std::vector<Limit> limits;
    std::optional<int> nice;
    std::optional<int> oom_score_adjust;
    std::optional<std::uint64_t> bounding_set;  ///< Bits by the numbers of capabilities; what is not in it is dropped.
    std::optional<std::uint64_t> ambient;       ///< Exactly these.
    bool no_new_privileges = false;
    friend bool operator==(const Privileges&, const Privileges&) = default;
};

/// In the order in which they are done: what needs a right comes before the right is given up.
enum class PrivilegeStep {
    cgroup,
    limit,
    nice,
    oom_score,
    groups,
    group,
    bounding_set,
    user,
    ambient,
    no_new_privileges,
    working_directory,
    access,
};
/// "setting its user".
const char* to_string(PrivilegeStep step);

struct PrivilegeTrouble {
    PrivilegeStep step;
    int code;               ///< errno.
    std::size_t index = 0;  ///< Which limit, or which path.
};

/// Makes the calling process have them. `cgroup_procs` is the open file of the control group to be in; -1: none.
/// Only for a child between vfork and exec: system calls alone, and none that glibc passes on to the other threads.
std::optional<PrivilegeTrouble> take_privileges(const Privileges& privileges, int cgroup_procs);

/// A path that a child needs, and how: X_OK, R_OK.
struct Access {
    std::filesystem::path path;
    int mode = 0;
};

/// Has a child take them, enter `working_directory` and look for `wanted`, and end.
/// Errors: io (no process); what the child could not do is the value.
base::Result<std::optional<PrivilegeTrouble>> rehearse(const Privileges& privileges,
                                                       const std::filesystem::path& working_directory,
                                                       const std::vector<Access>& wanted);

/// The whole of `file`, as a child that has taken `privileges` may read it; nothing if it may not, or if it has more
/// than `most`.
std::optional<std::string> read_as(const Privileges& privileges, const std::filesystem::path& file, std::size_t most);

/// A change of user makes what shares our memory look secret to the kernel, until exec; this makes us as we were.
/// Without it the daemon leaves no core dump and cannot be traced.
class DumpableAgain {
public:
    DumpableAgain();
    DumpableAgain(const DumpableAgain&) = delete;
    DumpableAgain& operator=(const DumpableAgain&) = delete;
    ~DumpableAgain();

private:
    int before_;
};

/// The effective capabilities of this process, as bits.
std::uint64_t effective_capabilities();

}  // namespace process
