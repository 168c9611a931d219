#include "control/socket.hpp"

#include <grp.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <vector>

#include "base/files.hpp"

namespace control {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr mode_t kOwnerAndGroup = 0660;
constexpr int kBacklog = 16;

base::UniqueFd open_socket() {
    return base::UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

/// Removes what a dead daemon left.
Result<void> make_way(const std::filesystem::path& socket, const Address& address) {
    struct stat info {};
    if (::lstat(socket.c_str(), &info) != 0) {
        if (errno == ENOENT) return {};
        return base::errno_error(errno);
    }
    if (!S_ISSOCK(info.st_mode))
        return Error(Kind::refused, "what is there is not a socket").hint("remove it, or set control.socket");
    const base::UniqueFd probe = open_socket();
    if (!probe) return base::errno_error(errno);
    if (::connect(probe.get(), address.get(), address.size) == 0 || errno != ECONNREFUSED)
        return Error(Kind::refused, "another program listens there")
            .hint("stop it, or give this daemon another control.socket");
    if (::unlink(socket.c_str()) != 0 && errno != ENOENT) return base::errno_error(errno);
    return {};
}

std::vector<gid_t> groups_of(int fd, gid_t first) {
    std::vector<gid_t> groups{first};
    std::vector<gid_t> others(64);
    auto bytes = static_cast<socklen_t>(others.size() * sizeof(gid_t));
    int failed = ::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, others.data(), &bytes);
    if (failed != 0 && errno == ERANGE) {  // now it says how many there are
        others.resize(bytes / sizeof(gid_t));
        failed = ::getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, others.data(), &bytes);
    }
    if (failed == 0) groups.insert(groups.end(), others.begin(), others.begin() + bytes / sizeof(gid_t));
    return groups;
}

}  // namespace

Result<Address> address_of(const std::filesystem::path& socket) {
    const std::string path = socket.string();
    Address address;
    address.bytes.sun_family = AF_UNIX;
    constexpr std::size_t kLongest = sizeof address.bytes.sun_path - 1;
    if (path.empty() || path.find('\0') != std::string::npos)
        return Error(Kind::invalid, "'" + path.substr(0, path.find('\0')) + "' is not the path of a socket");
    if (path.size() > kLongest)
        return Error(Kind::invalid, "'" + path + "' has " + std::to_string(path.size()) +
                                        " bytes, and the path of a socket at most " + std::to_string(kLongest))
            .hint("set control.socket to a shorter path");
    std::memcpy(address.bytes.sun_path, path.data(), path.size());
    address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    return address;
}

Result<base::UniqueFd> listen_at(const std::filesystem::path& socket, const std::optional<gid_t>& group) {
    const auto address = address_of(socket);
    if (!address) return address.error();
    if (auto way = make_way(socket, *address); !way) return std::move(way).error();
    base::UniqueFd fd = open_socket();
    if (!fd || ::bind(fd.get(), address->get(), address->size) != 0) return base::errno_error(errno);
    // Nobody gets in before `listen`.
    const bool is_ours = !group || ::lchown(socket.c_str(), static_cast<uid_t>(-1), *group) == 0;
    if (is_ours && ::chmod(socket.c_str(), kOwnerAndGroup) == 0 && ::listen(fd.get(), kBacklog) == 0) return fd;
    auto error = base::errno_error(errno);
    ::unlink(socket.c_str());
    return error;
}

Result<gid_t> find_group(const std::string& name) {
    std::vector<char> room(16 * 1024);
    struct group entry {};
    struct group* found = nullptr;
    int code = ::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found);
    while (code == ERANGE && room.size() < (1u << 20)) {
        room.resize(room.size() * 2);
        code = ::getgrnam_r(name.c_str(), &entry, room.data(), room.size(), &found);
    }
    if (found != nullptr) return entry.gr_gid;
    if (code != 0) return base::errno_error(code).within("looking for the group '" + name + "'");
    return Error(Kind::not_found, "there is no group '" + name + "'").hint("create it, or correct control.group");
}

bool is_allowed(int fd, const std::optional<gid_t>& group) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
    if (peer.uid == 0 || peer.uid == ::geteuid()) return true;
    if (!group) return false;
    const auto groups = groups_of(fd, peer.gid);
    return std::find(groups.begin(), groups.end(), *group) != groups.end();
}

}  // namespace control
