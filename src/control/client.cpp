#include "control/client.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <cerrno>
#include <string>

#include "base/files.hpp"
#include "control/socket.hpp"

namespace control {
namespace {

using base::Error;
using base::Kind;
using base::Result;
using Clock = std::chrono::steady_clock;

constexpr long long kLongestWait = 3'600'000;
constexpr std::size_t kLongestAnswer = 64u << 20;

/// False once `end` has come.
bool wait_for(int fd, short events, Clock::time_point end) {
    for (;;) {
        const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
        pollfd wanted{fd, events, 0};
        const int ready = ::poll(&wanted, 1, static_cast<int>(std::clamp<long long>(left, 0, kLongestWait)));
        if (ready == 0 && left > kLongestWait) continue;
        if (ready > 0) return true;
        if (ready == 0 || errno != EINTR) return false;
    }
}

Error no_answer() {
    return Error(Kind::timeout, "opampd does not answer").hint("is it stopped, or very busy? see its log");
}

Error cannot_connect(int code) {
    if (code == ENOENT || code == ECONNREFUSED || code == ENOTDIR)
        return Error(Kind::not_found, "no opampd listens there")
            .hint("is it running? its log says where it listens; give that with --socket or $OPAMPCTL_SOCKET");
    if (code == EACCES || code == EPERM)
        return Error(Kind::refused, "this user may not connect")
            .hint("use root, the user that opampd runs as, or a member of control.group");
    if (code == EAGAIN) return no_answer();  // its queue was full all the time
    return base::errno_error(code);
}

Result<void> send_all(int fd, std::string_view bytes, Clock::time_point end) {
    while (!bytes.empty()) {
        const auto sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent >= 0)
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        else if (errno == EPIPE || errno == ECONNRESET)
            return {};  // it did not want to hear all of it; its answer says why
        else if (errno != EAGAIN && errno != EINTR)
            return base::errno_error(errno);
        else if (!wait_for(fd, POLLOUT, end))
            return no_answer();
    }
    return {};
}

Result<std::string> read_all(int fd, Clock::time_point end) {
    std::string text;
    std::string piece(64 * 1024, '\0');
    for (;;) {
        const auto count = ::recv(fd, piece.data(), piece.size(), 0);
        if (count == 0 || (count < 0 && errno == ECONNRESET)) return text;
        if (count > 0)
            text.append(piece, 0, static_cast<std::size_t>(count));
        else if (errno != EAGAIN && errno != EINTR)
            return base::errno_error(errno);
        else if (!wait_for(fd, POLLIN, end))
            return no_answer();
        if (text.size() > kLongestAnswer) return Error(Kind::too_large, "its answer has no end");
    }
}

/// A connection on which the request has been made.
Result<base::UniqueFd> request_at(const std::filesystem::path& socket, const Request& request, Clock::time_point end) {
    const auto address = address_of(socket);
    if (!address) return address.error();
    base::UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return base::errno_error(errno);
    // Blocking: while the daemon's queue is full one that does not block fails at once, and there is nothing to poll.
    const auto left = std::chrono::duration_cast<std::chrono::seconds>(end - Clock::now()).count() + 1;
    const timeval limit{left, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (::connect(fd.get(), address->get(), address->size) != 0) return cannot_connect(errno);
    ::fcntl(fd.get(), F_SETFL, O_NONBLOCK);
    if (auto sent = send_all(fd.get(), to_json(request), end); !sent) return std::move(sent).error();
    return fd;
}

Result<Answer> understood(std::string_view text) {
    if (text.empty()) return Error(Kind::io, "opampd has closed the connection without an answer").hint("see its log");
    auto answer = parse_answer(text);
    if (!answer) return std::move(answer).error().within("its answer cannot be understood");
    return answer;
}

Result<Answer> converse(const std::filesystem::path& socket, const Request& request, Clock::time_point end) {
    const auto fd = request_at(socket, request, end);
    if (!fd) return fd.error();
    const auto text = read_all(fd->get(), end);
    if (!text) return text.error();
    return understood(*text);
}

/// What comes next, and waits for it; empty at the end.
Result<std::string> read_some(int fd, Clock::time_point end) {
    std::string piece(64 * 1024, '\0');
    for (;;) {
        const auto count = ::recv(fd, piece.data(), piece.size(), 0);
        if (count >= 0 || errno == ECONNRESET) {
            piece.resize(count > 0 ? static_cast<std::size_t>(count) : 0);
            return piece;
        }
        if (errno != EAGAIN && errno != EINTR) return base::errno_error(errno);
        if (!wait_for(fd, POLLIN, end)) return no_answer();
    }
}

Result<Answer> converse_in_bytes(const std::filesystem::path& socket, const Request& request, Clock::time_point end,
                                 const std::function<void(const Answer&)>& answered,
                                 const std::function<void(std::string_view)>& take) {
    const auto fd = request_at(socket, request, end);
    if (!fd) return fd.error();
    std::string head;
    while (head.find('\n') == std::string::npos) {
        const auto piece = read_some(fd->get(), end);
        if (!piece) return piece.error();
        if (piece->empty()) break;
        head += *piece;
        if (head.size() > kLongestAnswer) return Error(Kind::too_large, "its answer has no end");
    }
    const std::size_t size = std::min(head.find('\n'), head.size());
    auto answer = understood(std::string_view(head).substr(0, size));
    if (!answer || answer->failure) return answer;
    answered(*answer);
    head.erase(0, size + 1);
    for (;;) {
        if (!head.empty()) take(head);
        auto piece = read_some(fd->get(), Clock::time_point::max());
        if (!piece) return std::move(piece).error();
        if (piece->empty()) return answer;
        head = std::move(*piece);
    }
}

}  // namespace

Result<Answer> ask_for_bytes(const std::filesystem::path& socket, const Request& request, std::chrono::seconds limit,
                             const std::function<void(const Answer&)>& answered,
                             const std::function<void(std::string_view)>& take) {
    auto answer = converse_in_bytes(socket, request, Clock::now() + limit, answered, take);
    if (!answer) return std::move(answer).error().within("'" + socket.string() + "'");
    return answer;
}

Result<Answer> ask(const std::filesystem::path& socket, const Request& request, std::chrono::seconds limit) {
    auto answer = converse(socket, request, Clock::now() + limit);
    if (!answer) return std::move(answer).error().within("'" + socket.string() + "'");
    return answer;
}

}  // namespace control
