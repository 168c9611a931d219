// opampd's end of the control socket: a line of JSON is a request, a document of JSON the answer, and that is all of a
// connection, but for answers that bytes follow.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>

#include "async/task_group.hpp"
#include "control/messages.hpp"

namespace control {

/// The bytes that follow an answer.
class Stream {
public:
    virtual ~Stream() = default;
    /// Waits until the peer has taken what was before, for as long as it likes. False once it is gone.
    virtual async::Task<bool> write(std::string bytes) = 0;
};

/// Says and does what is asked for. Called on the loop.
class Answerer {
public:
    virtual ~Answerer() = default;
    virtual async::Task<Answer> answer(Request request) = 0;
    /// What follows the answer, for commands that have it; cancelled when the peer goes.
    virtual async::Task<> go_on(const Request& request, Stream& stream) = 0;
};

struct Limits {
    std::size_t request_bytes = 64 * 1024;
    std::size_t connections = 16;
    std::size_t streams = 8;                                       ///< Of these; they may last.
    async::SteadyClock::duration time = std::chrono::seconds(10);  ///< Of a connection.
};

/// Refused are peers whose user may not give orders, requests that are too long, and more than so many at a time.
class ControlServer {
public:
    struct Options {
        std::filesystem::path socket;
        std::string group;  ///< Whose members may give orders too; empty: nobody else.
        Limits limits{};
    };
    /// `answerer` outlives `run`.
    ControlServer(async::asio::any_io_executor executor, Options options, Answerer& answerer);

    /// Errors: as listen_at, find_group.
    base::Result<void> listen();
    /// Answers until cancelled; then the socket is gone. Returns at once if it does not listen.
    async::Task<> run();

private:
    using Socket = async::asio::local::stream_protocol::socket;

    async::Task<> accept_until_cancelled();
    async::Task<> serve(Socket socket);
    async::Task<base::Result<std::string>> hear(Socket& socket) const;
    async::Task<Answer> answer_to(const base::Result<Request>& request);
    async::Task<> go_on(const Request& request, Socket& socket);
    void refuse(Socket& socket, Kind kind, std::string message, std::string hint) const;
    void remove_socket() const;

    const Options options_;
    Answerer& answerer_;
    async::asio::local::stream_protocol::acceptor acceptor_;
    async::TaskGroup connections_;
    std::optional<gid_t> group_;
    ino_t inode_ = 0;  ///< Of the socket that is ours to remove.
    std::size_t streams_ = 0;
};

}  // namespace control
