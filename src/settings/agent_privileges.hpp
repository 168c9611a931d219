// What the settings say of the process of one agent: whose it is, what it may, how much it may take, what it is given.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace settings {

/// As of setrlimit(2).
struct ResourceLimit {
    std::string name;  ///< "nofile".
    int resource = 0;
    std::uint64_t soft = 0, hard = 0;
    friend bool operator==(const ResourceLimit&, const ResourceLimit&) = default;
};

/// What the texts of Privileges mean on this host. What is not said stays as opampd has it.
struct ResolvedPrivileges {
    std::optional<std::uint32_t> user, group;
    std::optional<std::vector<std::uint32_t>> groups;  ///< The supplementary ones, all of them.
    std::map<std::string, std::string> variables;      ///< HOME, USER, LOGNAME and SHELL of another user.
    std::optional<std::uint32_t> umask;
    std::vector<ResourceLimit> limits;
    std::optional<int> nice, oom_score_adjust;
    std::optional<std::uint64_t> bounding_set, ambient;  ///< Bits by the numbers of capabilities.
};

/// As written; `validate` resolves them.
struct Privileges {
    std::string user, group;  ///< A name, or a number.
    std::vector<std::string> supplementary_groups;
    std::string umask;                          ///< Octal digits.
    std::map<std::string, std::string> limits;  ///< "SOFT" or "SOFT:HARD".
    std::string nice, oom_score_adjust;
    std::vector<std::string> capability_bounding_set, ambient_capabilities;
    bool no_new_privileges = false;
    ResolvedPrivileges resolved;
};

/// Limits of a control group, as written, and as the files of the group take them.
struct CgroupLimits {
    bool enabled = false;  ///< `validate` makes it true where there is a limit.
    std::string memory_max, memory_high, memory_swap_max;
    std::string cpu_weight, cpu_max, pids_max, io_weight;
    std::map<std::string, std::string> files;  ///< "memory.max", "67108864"; resolved.
};

/// How the agent gets its credentials.
enum class CredentialsDelivery {
    folder,      ///< As files of a folder that its user alone can read.
    descriptor,  ///< As open files that are nowhere.
};

/// What the agent gets beside its config.
struct Provisions {
    std::vector<std::string> environment_files;      ///< Absolute paths; with a '-' in front: may be missing.
    std::map<std::string, std::string> credentials;  ///< Files by their names.
    CredentialsDelivery credentials_delivery = CredentialsDelivery::folder;
    std::filesystem::path folder;  ///< Of what the agent's user alone may read; resolved.
};

}  // namespace settings
