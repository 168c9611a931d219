#include "control/server.hpp"

#include <sys/stat.h>

#include "base/files.hpp"
#include "base/log.hpp"
#include "control/socket.hpp"

namespace control {

using async::Task;
using namespace async;  // the awaitable operators
using boost::system::error_code;

namespace {

constexpr std::chrono::milliseconds kPauseAfterFailure{100};

}  // namespace

ControlServer::ControlServer(asio::any_io_executor executor, Options options, Answerer& answerer)
    : options_(std::move(options)), answerer_(answerer), acceptor_(executor), connections_(executor) {}

base::Result<void> ControlServer::listen() {
    if (!options_.group.empty()) {
        auto group = find_group(options_.group);
        if (!group) return std::move(group).error();
        group_ = *group;
    }
    auto fd = listen_at(options_.socket, group_);
    if (!fd) return std::move(fd).error().within("listening at '" + options_.socket.string() + "'");
    struct stat info {};
    if (::lstat(options_.socket.c_str(), &info) == 0) inode_ = info.st_ino;
    error_code code;
    acceptor_.assign(asio::local::stream_protocol(), fd->get(), code);
    if (code) {
        remove_socket();
        return base::errno_error(code.value());
    }
    fd->release();
    return {};
}

Task<> ControlServer::run() {
    if (!acceptor_.is_open()) co_return;
    // In a coroutine of its own: its goodbye must not change the caller's cancellation state.
    co_await asio::co_spawn(acceptor_.get_executor(), accept_until_cancelled(), asio::use_awaitable);
}

Task<> ControlServer::accept_until_cancelled() {
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!is_cancelled(co_await asio::this_coro::cancellation_state)) {
        auto [code, socket] = co_await acceptor_.async_accept(as_result);
        if (code == asio::error::operation_aborted) break;
        if (code) {  // Out of descriptors, mostly: accepting at once again would spin.
            base::log::warning("control.accept_failed", {{"error", code.message()}});
            co_await sleep_for(kPauseAfterFailure);
            continue;
        }
        if (!is_allowed(socket.native_handle(), group_))
            refuse(socket, Kind::refused, "this user may not give orders to opampd",
                   "use root, the user that opampd runs as, or a member of control.group");
        else if (connections_.size() >= options_.limits.connections)
            refuse(socket, Kind::failed, "too many requests at a time", "try again");
        else
            connections_.spawn("control connection", serve(std::move(socket)));
    }
    error_code ignored;
    acceptor_.close(ignored);
    remove_socket();
    connections_.cancel();
    co_await connections_.joined();
}

/// A daemon that has replaced ours meanwhile keeps its own.
void ControlServer::remove_socket() const {
    struct stat info {};
    if (inode_ != 0 && ::lstat(options_.socket.c_str(), &info) == 0 && info.st_ino == inode_)
        ::unlink(options_.socket.c_str());
}

/// A short line: the socket takes it at once, or the peer goes without.
void ControlServer::refuse(Socket& socket, Kind kind, std::string message, std::string hint) const {
    base::log::warning("control.refused", {{"reason", message}});
    Answer answer;
    answer.failure = Failure{kind, std::move(message), std::move(hint)};
    error_code ignored;
    socket.non_blocking(true, ignored);
    socket.send(asio::buffer(to_json(answer)), 0, ignored);
}

/// The peer has a time to ask and a time to listen; what it asks for takes as long as it takes.
Task<> ControlServer::serve(Socket socket) {
    auto heard = co_await (hear(socket) || sleep_for(options_.limits.time));
    if (heard.index() != 0) co_return;
    const auto line = std::get<0>(std::move(heard));
    if (!line && line.error().kind() != base::Kind::too_large) co_return;  // the peer has gone without a request
    const auto request = line ? parse_request(*line) : base::Result<Request>(line.error());
    Answer answer = co_await answer_to(request);
    if (request && has_bytes(request->command) && streams_ >= options_.limits.streams)
        answer.failure = Failure{Kind::failed, "too many read logs at a time", "end some of them"};
    const std::string text = to_json(answer);
    auto told = co_await (asio::async_write(socket, asio::buffer(text), as_result) || sleep_for(options_.limits.time));
    const bool is_told = told.index() == 0 && !std::get<0>(std::get<0>(told));
    if (is_told && request && has_bytes(request->command) && !answer.failure) co_await go_on(*request, socket);
}

namespace {

class SocketStream final : public Stream {
public:
    explicit SocketStream(asio::local::stream_protocol::socket& socket) : socket_(socket) {}
    Task<bool> write(std::string bytes) override {
        auto written = co_await asio::async_write(socket_, asio::buffer(bytes), as_result);
        co_return !std::get<0>(written);
    }

private:
    asio::local::stream_protocol::socket& socket_;
};

/// Nothing is expected of it any more but its end.
Task<> peer_gone(asio::local::stream_protocol::socket& socket) {
    char word[64];
    for (error_code code; !code;) {
        auto heard = co_await socket.async_read_some(asio::buffer(word), as_result);
        code = std::get<0>(heard);
    }
}

}  // namespace

Task<> ControlServer::go_on(const Request& request, Socket& socket) {
    struct Count {
        explicit Count(std::size_t& count) : count_(++count) {}
        ~Count() { --count_; }
        std::size_t& count_;
    };
    const Count counted(streams_);
    SocketStream stream(socket);
    co_await (answerer_.go_on(request, stream) || peer_gone(socket));
}

/// A request. Errors: too_large, io.
Task<base::Result<std::string>> ControlServer::hear(Socket& socket) const {
    std::string line;
    auto read = co_await asio::async_read_until(socket, asio::dynamic_buffer(line, options_.limits.request_bytes), '\n',
                                                as_result);
    const error_code code = std::get<0>(read);
    if (code == asio::error::not_found) co_return base::Error(base::Kind::too_large, "the request is too long");
    if (code) co_return base::Error(base::Kind::io, code.message());
    line.resize(std::get<1>(read));
    co_return line;
}

Task<Answer> ControlServer::answer_to(const base::Result<Request>& request) {
    if (request) co_return co_await answerer_.answer(*request);
    base::Error error = request.error();
    if (error.kind() != base::Kind::too_large) error = std::move(error).within("the request cannot be understood");
    Answer answer;
    answer.failure = as_failure(error);
    co_return answer;
}

}  // namespace control
