// What the settings depend on besides their file: variables, the user, folders and files.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"

namespace settings {

enum class PathKind { missing, file, folder, other };

struct PathState {
    PathKind kind = PathKind::missing;
    bool readable = false;
    bool executable = false;  ///< For a folder: may be entered.
};

/// No user and no group has this number.
inline constexpr std::uint32_t kNobodyAtAll = 0xFFFF'FFFF;

/// Of the database of users. `group` is kNobodyAtAll for a number that is not in it.
struct User {
    std::uint32_t id = 0, group = 0;
    std::string name, home, shell;
    std::vector<std::uint32_t> groups;  ///< The supplementary ones.
};

class Environment {
public:
    virtual ~Environment() = default;

    virtual std::optional<std::string> variable(const std::string& name) const = 0;
    virtual bool is_root() const = 0;
    virtual std::uint32_t user_id() const = 0;
    /// By name or number; a number need not be in the database.
    virtual std::optional<User> find_user(const std::string& name) const = 0;
    virtual std::optional<std::uint32_t> find_group(const std::string& name) const = 0;
    virtual std::filesystem::path working_directory() const = 0;
    /// Empty if there is none.
    virtual std::filesystem::path home() const = 0;
    virtual PathState look_at(const std::filesystem::path& path) const = 0;
    /// Without symbolic links as far as the path exists, and without dots.
    virtual std::filesystem::path canonical(const std::filesystem::path& path) const = 0;
    /// Errors: as base::read_file.
    virtual base::Result<std::string> read(const std::filesystem::path& file) const = 0;
    /// What is in `folder`, in any order; nothing if it cannot be read.
    virtual std::vector<std::string> file_names(const std::filesystem::path& folder) const = 0;
};

/// The one that the daemon runs in.
const Environment& system_environment();

}  // namespace settings
