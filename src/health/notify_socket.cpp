#include "health/notify_socket.hpp"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/files.hpp"
#include "base/unique_fd.hpp"
#include "health/notification.hpp"

namespace health {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr mode_t kOwner = 0600;

Result<base::UniqueFd> bound_to(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path)
        return Error(Kind::invalid, "the path has " + std::to_string(path.size()) +
                                        " bytes, and that of a socket at most " +
                                        std::to_string(sizeof address.sun_path - 1));
    std::memcpy(address.sun_path, path.data(), path.size());
    base::UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const int on = 1;
    // The mode of the socket is that of its name.
    if (!socket || ::setsockopt(socket.get(), SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0 ||
        ::fchmod(socket.get(), kOwner) != 0)
        return base::errno_error(errno);
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return base::errno_error(errno);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() + 1);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0) return base::errno_error(errno);
    return socket;
}

pid_t sender_of(msghdr& head) {
    for (cmsghdr* part = CMSG_FIRSTHDR(&head); part; part = CMSG_NXTHDR(&head, part)) {
        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_CREDENTIALS) continue;
        ucred sender{};
        std::memcpy(&sender, CMSG_DATA(part), sizeof sender);
        return sender.pid;
    }
    return 0;
}

}  // namespace

Result<std::unique_ptr<NotifySocket>> NotifySocket::open(async::asio::any_io_executor executor,
                                                         std::filesystem::path path) {
    auto socket = bound_to(path.string());
    if (!socket) return std::move(socket).error().within("making the socket '" + path.string() + "'");
    return std::unique_ptr<NotifySocket>(new NotifySocket(std::move(executor), socket->release(), std::move(path)));
}

NotifySocket::NotifySocket(async::asio::any_io_executor executor, int fd, std::filesystem::path path)
    : socket_(std::move(executor), fd), path_(std::move(path)) {}

NotifySocket::~NotifySocket() {
    ::unlink(path_.c_str());
}

async::Task<> NotifySocket::readable() {
    co_await socket_.async_wait(async::asio::posix::stream_descriptor::wait_read, async::as_result);
}

std::optional<NotifySocket::Message> NotifySocket::receive() {
    char text[kMostNotification];
    iovec buffer{text, sizeof text};
    // Room for the sender alone, who comes first: what else comes along is closed by the kernel.
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(ucred))];
    msghdr head{};
    head.msg_iov = &buffer;
    head.msg_iovlen = 1;
    head.msg_control = control;
    head.msg_controllen = sizeof control;
    const ssize_t got = ::recvmsg(socket_.native_handle(), &head, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
    if (got < 0) return std::nullopt;
    const bool is_whole = (head.msg_flags & MSG_TRUNC) == 0;
    return Message{sender_of(head), is_whole ? std::string(text, static_cast<std::size_t>(got)) : std::string()};
}

}  // namespace health
