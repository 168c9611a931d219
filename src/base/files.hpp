// Files that are there after a power cut: written beside, synced, renamed, and the folder synced.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/pieces.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace base {

/// An Error of Kind not_found or io from `errno`.
Error errno_error(int code);

/// The whole file. Errors: not_found, io, invalid (not a regular file), too_large (over `limit` bytes).
Result<std::string> read_file(const std::filesystem::path& file, std::uint64_t limit = 256u << 20);

/// Whether `file` is there and has this content.
bool has_content(const std::filesystem::path& file, std::string_view content);

/// Whose a file is to be; what is not said is as the process makes it.
struct Owner {
    std::optional<uid_t> user;
    std::optional<gid_t> group;
    friend bool operator==(const Owner&, const Owner&) = default;
};
bool is_of(const std::filesystem::path& file, const Owner& owner);
/// Errors: io (not allowed to us).
Result<void> give_to(const std::filesystem::path& path, const Owner& owner);

/// Replaces `file` in one step with `content`: a reader sees the old or the new one, whole, and so does a start after a
/// power cut. The file never exists with another mode than `mode`, nor under its name with another owner.
Result<void> replace_file(const std::filesystem::path& file, std::string_view content, mode_t mode,
                          const Owner& owner = {});
Result<void> replace_file(const std::filesystem::path& file, const Pieces& content, mode_t mode,
                          const Owner& owner = {});

/// The same in two steps, for several files: what needs room comes before the first of them is replaced. What is not
/// finished is to be removed with `remove_unfinished`.
Result<void> prepare_file(const std::filesystem::path& file, const Pieces& content, mode_t mode,
                          const Owner& owner = {});
Result<void> finish_file(const std::filesystem::path& file);

/// Replaces the symbolic link `link` in one step so that it points to `target`; durable as `replace_file`.
Result<void> replace_link(const std::filesystem::path& link, const std::filesystem::path& target);

/// Removes what a stop in the middle of a replacement of `file` has left.
void remove_unfinished(const std::filesystem::path& file);
/// The same for every file of a folder that is ours alone.
void remove_all_unfinished(const std::filesystem::path& folder);

/// Creates the folder and its parents with `mode`, durably; an existing one is left as it is.
Result<void> make_folder(const std::filesystem::path& folder, mode_t mode);

/// Makes created, renamed and removed names in `folder` durable.
Result<void> sync_folder(const std::filesystem::path& folder);

/// Moves what cannot be read out of the way, to "NAME.damaged", and returns the new path.
Result<std::filesystem::path> set_aside(const std::filesystem::path& file);

enum class Wanted { file, folder };
/// Sets aside a folder where a file is wanted, or a file where a folder is; returns a sentence about it, or nothing
/// when there was nothing to do.
std::optional<std::string> make_room(const std::filesystem::path& path, Wanted wanted);

}  // namespace base
