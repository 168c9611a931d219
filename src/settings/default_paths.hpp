// Where state and socket are while the settings do not say it; opampctl looks there too.
#pragma once

#include <filesystem>

#include "settings/environment.hpp"

namespace settings {

/// Of this user, or of the service that systemd has given folders. Empty: there is none.
std::filesystem::path default_state_folder(const Environment& environment);
std::filesystem::path default_socket(const std::filesystem::path& state_folder, const Environment& environment);

}  // namespace settings
