// The folder of one revision. Private to this folder.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/revisions.hpp"

namespace config {

inline constexpr mode_t kPrivateFile = 0600;  // configs hold secrets
inline constexpr mode_t kPrivateFolder = 0700;

/// The id in the name of a folder, "7-0a1b2c3d".
std::optional<std::uint64_t> leading_number(const std::string& name);
std::string name_of(const Revision& revision);

/// What is in `folder`. Errors: not_found, io.
base::Result<std::vector<std::filesystem::path>> list(const std::filesystem::path& folder);

/// Makes `folder`, with meta last. Errors: io.
base::Result<void> write_files(const std::filesystem::path& folder, const Revision& revision,
                               const Effective& effective, const opamp::RemoteConfig* remote);
/// Errors: io, invalid (not the content that it was stored with).
base::Result<Effective> read_effective(const std::filesystem::path& folder, const Revision& revision);
/// What a stop in the middle leaves has a dot in front, and is not taken for a revision.
void remove_folder(const std::filesystem::path& folder);

}  // namespace config
