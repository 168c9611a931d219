// Folders and files for the eyes of an agent's user alone.
#pragma once

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

#include "base/files.hpp"
#include "base/result.hpp"

namespace supervisor {

/// What is missing of it is made so that another user can pass through, and see nothing. Errors: io.
base::Result<void> make_passage(const std::filesystem::path& folder);

/// What an earlier daemon has left in `runtime` of agents that are no more: the folders of agents but for `names`.
void remove_left_folders(const std::filesystem::path& runtime, const std::set<std::string>& names);

/// A folder of mode 0700 of this owner, anew, and the passage to it. Errors: io.
base::Result<void> make_private_folder(const std::filesystem::path& folder, const base::Owner& owner);

/// One that is gone with this object.
class PrivateFolder {
public:
    PrivateFolder() = default;
    PrivateFolder(PrivateFolder&& other) noexcept : path_(std::exchange(other.path_, {})) {}
    PrivateFolder& operator=(PrivateFolder&& other) noexcept {
        std::swap(path_, other.path_);
        return *this;
    }
    ~PrivateFolder();

    /// Errors: io.
    static base::Result<PrivateFolder> make(std::filesystem::path path);
    /// Still ours: nobody else can change what is in the making. Errors: io.
    base::Result<void> add(const std::string& name, std::string_view content, const base::Owner& owner) const;
    /// From now on its owner can read it, and nobody can add to it. Errors: io.
    base::Result<void> hand_over(const base::Owner& owner) const;

    const std::filesystem::path& path() const { return path_; }

private:
    std::filesystem::path path_;  ///< Empty: none.
};

}  // namespace supervisor
