// Where state and socket are while the settings do not say it; opampctl looks there too.
#pragma once

#include <filesystem>

#include "settings/environment.hpp"

namespace settings {

/// Of this user, or of the service that systemd has given folders. Empty: there is none.
std::filesystem::path default_state_folder(const Environment& environment);
/// Where what only the user of an agent may read is kept while it is needed: in memory where there is such a place.
std::filesystem::path default_runtime_folder(const std::filesystem::path& state_folder, const Environment& environment);
std::filesystem::path default_socket(const std::filesystem::path& state_folder, const Environment& environment);

}  // namespace settings
