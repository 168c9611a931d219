#include "health/socket_probe.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/files.hpp"
#include "base/unique_fd.hpp"
#include "net/dial.hpp"

namespace health {
namespace {

using base::Error;
using base::Kind;
using base::Result;

/// 0, or the errno of the attempt. It never waits.
int connect_error(const sockaddr_un& address, socklen_t size, int type) {
    const base::UniqueFd socket(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket) return errno;
    return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 ? 0 : errno;
}

Result<void> connect_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path)
        return Error(Kind::invalid, "is not the path of a socket");
    std::memcpy(address.sun_path, path.data(), path.size());
    const bool is_abstract = path.front() == '@';
    if (is_abstract) address.sun_path[0] = '\0';
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + (is_abstract ? 0 : 1));
    int code = EPROTOTYPE;
    for (const int type : {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET})
        if (code == EPROTOTYPE) code = connect_error(address, size, type);
    if (code == 0) return {};
    if (code == ECONNREFUSED) return Error(Kind::io, "connection refused");
    if (code == EAGAIN) return Error(Kind::io, "its queue of connections is full");
    return base::errno_error(code);
}

}  // namespace

async::Task<Result<void>> ask(const TcpProbe& probe) {
    auto socket = co_await async::with_timeout(probe.timeout, net::dial(probe.at, probe.timeout));
    if (!socket) co_return std::move(socket).error().within(probe.at.authority());
    co_return Result<void>();
}

async::Task<Result<void>> ask(const UnixProbe& probe) {
    auto connected = connect_to(probe.path);
    if (!connected) co_return std::move(connected).error().within("'" + probe.path + "'");
    co_return Result<void>();
}

}  // namespace health
