// Where opampd may be listening.
#pragma once

#include <filesystem>

namespace ctl {

/// Where nothing says where: the socket in this user's default state folder, else that of the systemd service; the
/// first that is there, else the first.
std::filesystem::path find_socket();

}  // namespace ctl
