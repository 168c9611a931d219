// The Unix socket between opampctl and opampd: where it is, and who may use it.
#pragma once

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/unique_fd.hpp"

namespace control {

struct Address {
    sockaddr_un bytes{};
    socklen_t size = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&bytes); }
};

/// Errors: invalid (a path that is too long for a socket, empty, or with a NUL in it).
base::Result<Address> address_of(const std::filesystem::path& socket);

/// Listens at `socket`, which only its owner and `group` may connect to. A socket that a dead daemon left is replaced;
/// anything else that is there is not touched. The descriptor does not block.
/// Errors: invalid (the path, an unknown group), refused (something is there), io.
base::Result<base::UniqueFd> listen_at(const std::filesystem::path& socket, const std::optional<gid_t>& group);

/// Errors: not_found, io.
base::Result<gid_t> find_group(const std::string& name);

/// Whether the peer of the connected `fd` may give orders: root, our own user, and the members of `group`.
bool is_allowed(int fd, const std::optional<gid_t>& group);

}  // namespace control
