// What a client makes of servers that do not accept it.
#include "rig.hpp"

#include <netinet/tcp.h>

#include <filesystem>

#include "net/dial.hpp"

using namespace net_test;

namespace {

struct Outcome {
    std::optional<base::Error> error;
    net::Refusal refusal;
};

async::Task<Outcome> attempt(net::ClientOptions options) {
    Outcome outcome;
    auto socket = co_await net::connect_websocket(options, outcome.refusal);
    if (!socket) outcome.error = std::move(socket).error();
    co_return outcome;
}

Outcome attempt_against(std::string answer) {
    Peer peer(answers("HTTP/1.1 " + answer + "\r\n\r\n"));
    const auto outcome = run(peer.io, attempt(peer.options()));
    REQUIRE(outcome.error);
    return outcome;
}

/// Holds a port on which nobody listens, so that nobody else gets it meanwhile.
struct UnusedPort {
    explicit UnusedPort(asio::io_context& io) : bound(io, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
    std::uint16_t number() const { return bound.local_endpoint().port(); }

    Tcp::socket bound;
};

}  // namespace

TEST_CASE("a port without a server is a connection refused", "[net][connect]") {
    asio::io_context io;
    const UnusedPort port(io);
    const std::string host = GENERATE("127.0.0.1", "localhost");
    const auto outcome = run(io, attempt({{"ws", host, port.number(), "/"}, {}, {}, {}}));
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind() == Kind::io);
    CHECK(outcome.error->message() == "connection refused");
    CHECK(outcome.refusal.http_status == 0);
}

TEST_CASE("localhost means this machine's addresses, one after the other", "[net][connect]") {
    asio::io_context io;
    Handler handler;
    net::HttpServer http(io.get_executor(), handler);
    const std::string address = GENERATE("127.0.0.1:0", "[::1]:0", "localhost:0");
    const auto port = http.listen(address);
    REQUIRE(port);
    async::TaskGroup tasks(io.get_executor());
    tasks.spawn("server", http.run());
    CHECK_FALSE(run(io, attempt({{"ws", "localhost", *port, "/echo"}, {}, {}, {}})).error);
    run(io, ended(tasks));
}

TEST_CASE("a server that resets the connection instead of an answer is known at once", "[net][connect]") {
    Peer peer([](Tcp::socket socket) -> async::Task<> {
        co_await read_head(socket);
        socket.set_option(Tcp::socket::linger(true, 0));
        socket.close();  // by a reset
    });
    net::Limits limits;
    limits.handshake = 1h;  // and no limit is waited for
    const auto outcome = run(peer.io, attempt(peer.options("ws", limits)));
    REQUIRE(outcome.error);
    CHECK(outcome.error->message() == "connection reset by the peer");
}

TEST_CASE("a peer that acknowledges nothing is given up after two minutes, at rest and with a message under way",
          "[net][connect]") {
    asio::io_context io;
    Tcp::acceptor acceptor(io, Tcp::endpoint(asio::ip::address_v4::loopback(), 0));
    auto socket =
        run(io, net::dial({"ws", "127.0.0.1", acceptor.local_endpoint().port(), "/"}, std::chrono::seconds(10)));
    REQUIRE(socket);
    const auto option = [&](int level, int name) {
        int value = 0;
        socklen_t size = sizeof value;
        REQUIRE(::getsockopt(socket->native_handle(), level, name, &value, &size) == 0);
        return value;
    };
    CHECK(option(SOL_SOCKET, SO_KEEPALIVE) != 0);
    CHECK(option(IPPROTO_TCP, TCP_KEEPIDLE) + option(IPPROTO_TCP, TCP_KEEPCNT) * option(IPPROTO_TCP, TCP_KEEPINTVL) ==
          120);
    CHECK(option(IPPROTO_TCP, TCP_USER_TIMEOUT) == 120'000);
}

TEST_CASE("a name that does not exist is not found", "[net][connect]") {
    asio::io_context io;
    const auto outcome = run(io, attempt({{"ws", "no-such-name.invalid", 80, "/"}, {}, {}, {}}));
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind() == Kind::io);
    CHECK_THAT(outcome.error->message(), Catch::Contains("name"));
}

TEST_CASE("the server's status is the error, in its own words", "[net][connect]") {
    const auto outcome =
        attempt_against("401 Unauthorized\r\nContent-Length: 2\r\nRetry-After: 5\r\nLocation: /x\r\n\r\nno");
    CHECK(outcome.error->kind() == Kind::refused);
    CHECK(outcome.error->message() == "HTTP 401 Unauthorized");
    CHECK(outcome.refusal.http_status == 401);
    CHECK_FALSE(outcome.refusal.retry_after);
    CHECK(outcome.refusal.location.empty());
}

TEST_CASE("a status without words gets the usual ones", "[net][connect]") {
    CHECK(attempt_against("403 \r\nContent-Length: 0").error->message() == "HTTP 403 Forbidden");
}

TEST_CASE("503 and 429 say when to try again", "[net][connect]") {
    const std::string status = GENERATE("503 Service Unavailable", "429 Too Many Requests");
    const auto outcome = attempt_against(status + "\r\nContent-Length: 0\r\nRetry-After: 7");
    CHECK(outcome.error->message() == "HTTP " + status);
    CHECK(outcome.refusal.retry_after == 7s);
}

TEST_CASE("503 may say when to try again as a date", "[net][connect]") {
    const auto outcome =
        attempt_against("503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: Fri, 31 Dec 2100 23:59:59 GMT");
    REQUIRE(outcome.refusal.retry_after);
    CHECK(*outcome.refusal.retry_after > 24h);
}

TEST_CASE("a redirect is an error that says where to", "[net][connect]") {
    const auto outcome =
        attempt_against("302 Found\r\nContent-Length: 0\r\nLocation: wss://other.example.com/v1/opamp");
    CHECK(outcome.error->message() == "HTTP 302 Found");
    CHECK(outcome.refusal.http_status == 302);
    CHECK(outcome.refusal.location == "wss://other.example.com/v1/opamp");
}

TEST_CASE("a long answer does not hide the status", "[net][connect]") {
    const auto outcome = attempt_against("403 Forbidden\r\nContent-Length: 100000\r\n\r\n" + std::string(100000, 'x'));
    CHECK(outcome.error->message() == "HTTP 403 Forbidden");
}

TEST_CASE("an answer that accepts without the right key is not a WebSocket", "[net][connect]") {
    const auto outcome = attempt_against(
        "101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA");
    CHECK_FALSE(outcome.error->kind() == Kind::io);
    CHECK(outcome.error->message() != "");
}

TEST_CASE("an answer that is not HTTP is invalid", "[net][connect]") {
    Peer peer(answers("SSH-2.0-OpenSSH_9.2\r\n\r\n"));
    const auto outcome = run(peer.io, attempt(peer.options()));
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind() == Kind::invalid);
    CHECK_THAT(outcome.error->message(), Catch::Contains("not HTTP"));
}

TEST_CASE("a server that never answers is given up after the handshake's limit", "[net][connect]") {
    const auto be_silent = [](Tcp::socket socket) -> async::Task<> {
        co_await async::forever();
        socket.close();
    };
    Peer peer(be_silent);
    const auto outcome = run(peer.io, attempt(peer.options("ws", brief())));
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind() == Kind::timeout);
}

TEST_CASE("a server that hangs up during the upgrade is an io error", "[net][connect]") {
    Peer peer(answers(""));
    const auto outcome = run(peer.io, attempt(peer.options()));
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind() == Kind::io);
}

TEST_CASE("a header that would add a line is refused before anything is sent", "[net][connect]") {
    asio::io_context io;
    const UnusedPort port(io);
    const auto outcome = run(io, attempt({{"ws", "127.0.0.1", port.number(), "/"}, {{"X", "a\r\nY: b"}}, {}, {}}));
    REQUIRE(outcome.error);
    CHECK(outcome.error->kind() == Kind::invalid);
    CHECK_THAT(outcome.error->message(), Catch::Contains("'X'"));
}

TEST_CASE("connecting to this machine starts no thread", "[net][connect]") {
    Server server;
    const auto threads = [] { return std::distance(std::filesystem::directory_iterator("/proc/self/task"), {}); };
    const auto before = threads();
    auto options = server.options("/echo");
    options.url.host = "localhost";
    CHECK_FALSE(run(server.io, attempt(options)).error);
    CHECK(threads() == before);
}
