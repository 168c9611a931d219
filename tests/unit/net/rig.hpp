// What the tests of net share: one io_context, a server in it, and peers that speak in raw bytes.
#pragma once

#include <functional>
#include <optional>

#include "async/task_group.hpp"
#include "net/client.hpp"
#include "net/http_server.hpp"
#include "support/run.hpp"

namespace net_test {

using namespace std::chrono_literals;
namespace asio = async::asio;
using Tcp = asio::ip::tcp;
using base::Kind;
using net::CloseCode;
using support::ended;
using support::run;

/// Limits short enough for a test that waits for one to pass.
inline net::Limits brief() {
    net::Limits limits;
    limits.handshake = 200ms;
    limits.close = 200ms;
    limits.idle = 200ms;
    return limits;
}

/// Answers "GET /hello", repeats what is posted, and echoes WebSocket messages under /echo.
class Handler : public net::HttpHandler {
public:
    async::Task<net::HttpResponse> respond(net::HttpRequest request) override;
    bool accepts_websocket(const net::HttpRequest& request) const override { return request.path() == "/echo"; }
    async::Task<> talk(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) override;

    net::HttpRequest last_request;
    std::optional<base::Error> end_of_talk;
    int talks = 0;
};

/// A server that runs as long as this object.
class Server {
public:
    explicit Server(net::Limits limits = {});
    ~Server() { stop(); }

    /// Cancels the server and runs until it has ended.
    void stop();
    net::Url url(const std::string& scheme, const std::string& target) const;
    net::ClientOptions options(const std::string& target, net::Limits limits = {}) const;

    asio::io_context io;
    Handler handler;
    net::HttpServer http;
    async::TaskGroup tasks;
    std::uint16_t port = 0;
    bool has_ended = false;
};

/// What a scripted peer does with one connection.
using Script = std::function<async::Task<>(Tcp::socket)>;

/// A listener that plays `script` with each connection.
class Peer {
public:
    explicit Peer(Script script);
    ~Peer();

    net::ClientOptions options(const std::string& scheme = "ws", net::Limits limits = {}) const;

    asio::io_context io;
    std::uint16_t port = 0;

private:
    async::Task<> accept();

    Script script_;
    Tcp::acceptor acceptor_;
    async::TaskGroup tasks_;
};

/// Reads the head of a request.
async::Task<std::string> read_head(Tcp::socket& socket);
async::Task<> send(Tcp::socket& socket, std::string_view bytes);
/// Reads until the peer is done, within `limit`; nothing where it is not done by then.
async::Task<std::optional<std::string>> read_all(Tcp::socket& socket, std::chrono::nanoseconds limit = 30s);
/// A raw connection to a port of this machine.
async::Task<Tcp::socket> connect_raw(std::uint16_t port);
/// The answer that accepts the upgrade request with this head.
std::string upgrade_answer(const std::string& head);
/// Reads the head of an upgrade request and accepts it.
async::Task<> accept_upgrade(Tcp::socket& socket);
/// Plays `answer` after the head of a request.
Script answers(std::string answer);

/// An unmasked frame, as servers send them; `first` is the byte with FIN and the opcode.
std::string frame(int first, std::string_view payload);
/// The same with a mask of zeros, as clients send them.
std::string masked_frame(int first, std::string_view payload);

async::Task<base::Result<std::unique_ptr<net::WebSocket>>> connect(const net::ClientOptions& options);

}  // namespace net_test
