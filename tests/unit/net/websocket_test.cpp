// Both sides of a WebSocket: our client against our server, and each against a peer that speaks in raw frames.
#include "rig.hpp"

using namespace net_test;

namespace {

const std::string kUpgrade =
    "GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

/// A limit of closing short enough to wait for; all else has the time that it needs.
net::Limits brief_close() {
    net::Limits limits;
    limits.close = 200ms;
    return limits;
}

/// A raw connection that the server has accepted as a WebSocket.
async::Task<Tcp::socket> upgraded(std::uint16_t port) {
    Tcp::socket socket = co_await connect_raw(port);
    co_await send(socket, kUpgrade);
    const auto head = co_await read_head(socket);
    CHECK_THAT(head, Catch::StartsWith("HTTP/1.1 101 "));
    co_return socket;
}

async::Task<std::string> read_bytes(Tcp::socket& socket, std::size_t count) {
    std::string bytes(count, '\0');
    co_await asio::async_read(socket, asio::buffer(bytes), async::as_result);
    co_return bytes;
}

/// What the server sends, to its end, after `bytes` were sent on an upgraded connection.
async::Task<std::optional<std::string>> answer_to(std::uint16_t port, std::string bytes) {
    Tcp::socket socket = co_await upgraded(port);
    co_await send(socket, bytes);
    co_return co_await read_all(socket);
}

async::Task<> echo(const net::ClientOptions& options, std::vector<std::size_t> sizes) {
    auto socket = co_await connect(options);
    REQUIRE(socket);
    for (const std::size_t size : sizes) {
        std::string message(size, '\0');
        for (std::size_t i = 0; i < size; ++i) message[i] = static_cast<char>(i * 31 >> 3);
        const auto sent = co_await (*socket)->write(message);
        REQUIRE(sent);
        const auto back = co_await (*socket)->read();
        REQUIRE(back);
        const bool is_same = *back == message;  // Not shown: a megabyte is not for people.
        CHECK(is_same);
    }
    co_await (*socket)->close(CloseCode::normal, "done");
}

/// The error that ends a client's reading.
async::Task<base::Error> end_of_reading(const net::ClientOptions& options) {
    auto socket = co_await connect(options);
    REQUIRE(socket);
    const auto message = co_await (*socket)->read();
    REQUIRE_FALSE(message);
    co_return message.error();
}

}  // namespace

TEST_CASE("messages of any size come back as they were sent", "[net][websocket]") {
    Server server;
    run(server.io, echo(server.options("/echo"), {0, 1, 125, 126, 65535, 65536, 1 << 20, 5, 0}));
    server.stop();
    CHECK(server.handler.talks == 1);
    REQUIRE(server.handler.end_of_talk);
    CHECK(server.handler.end_of_talk->kind() == Kind::refused);
    CHECK_THAT(server.handler.end_of_talk->message(), Catch::Contains("1000") && Catch::Contains("done"));
}

TEST_CASE("a message of 64 MiB passes the default limits", "[net][websocket]") {
    Server server;
    run(server.io, echo(server.options("/echo"), {64u << 20}));
}

TEST_CASE("the upgrade request has our name and the headers given", "[net][websocket]") {
    Server server;
    auto options = server.options("/echo");
    options.url.target = "/echo?a=b";
    options.headers = {{"Authorization", "Bearer t"}, {"X-Twice", "1"}, {"X-Twice", "2"}};
    run(server.io, echo(options, {1}));
    const auto& request = server.handler.last_request;
    CHECK(request.target == "/echo?a=b");
    CHECK(request.header("Host") == "127.0.0.1:" + std::to_string(server.port));
    CHECK(request.header("User-Agent") == "opampd/" OPAMPD_VERSION);
    CHECK(request.header("Authorization") == "Bearer t");
    CHECK(std::count_if(request.headers.begin(), request.headers.end(),
                        [](const auto& h) { return h.name == "X-Twice"; }) == 2);
    CHECK_THAT(request.peer, Catch::StartsWith("127.0.0.1:"));
}

TEST_CASE("a message in fragments arrives whole, with a ping in between answered", "[net][websocket]") {
    Server server;
    const auto talk = [](std::uint16_t port) -> async::Task<std::string> {
        Tcp::socket socket = co_await upgraded(port);
        const auto bytes = masked_frame(0x02, "frag") + masked_frame(0x89, "ping") + masked_frame(0x00, "") +
                           masked_frame(0x80, "ments");
        for (const char& byte : bytes) co_await send(socket, std::string_view(&byte, 1));
        co_return co_await read_bytes(socket, 2 + 4 + 2 + 9);
    };
    CHECK(run(server.io, talk(server.port)) == frame(0x8A, "ping") + frame(0x82, "fragments"));
}

TEST_CASE("a message at the limit passes, and one byte more is refused with 1009", "[net][websocket]") {
    net::Limits limits;
    limits.receive_bytes = 1000;
    Server server(limits);
    const auto full = std::string(1000, 'x');
    CHECK(run(server.io, answer_to(server.port, masked_frame(0x82, full) + masked_frame(0x88, "\x03\xe8"))) ==
          frame(0x82, full) + frame(0x88, "\x03\xe8"));

    std::string too_long;
    SECTION("in one frame") {
        too_long = masked_frame(0x82, full + "x");
    }
    SECTION("in fragments") {
        too_long = masked_frame(0x02, full) + masked_frame(0x80, "x");
    }
    const auto answer = run(server.io, answer_to(server.port, too_long));
    REQUIRE(answer);
    CHECK_THAT(*answer, Catch::StartsWith("\x88") && Catch::Contains("\x03\xf1"));
    server.stop();
    REQUIRE(server.handler.end_of_talk);
    CHECK(server.handler.end_of_talk->kind() == Kind::too_large);
    CHECK(server.handler.end_of_talk->message() == "a message of more than 1000B");
}

TEST_CASE("a message over the sender's limit is not sent, and the connection stays", "[net][websocket]") {
    Server server;
    net::Limits limits;
    limits.send_bytes = 10;
    const auto talk = [](net::ClientOptions options) -> async::Task<> {
        auto socket = co_await connect(options);
        REQUIRE(socket);
        const auto refused = co_await (*socket)->write("12345678901");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().kind() == Kind::too_large);
        const auto sent = co_await (*socket)->write("1234567890");
        REQUIRE(sent);
        const auto back = co_await (*socket)->read();
        REQUIRE(back);
        CHECK(*back == "1234567890");
    };
    run(server.io, talk(server.options("/echo", limits)));
}

TEST_CASE("a text message is an error, and the connection can be closed in order", "[net][websocket]") {
    Server server;
    const auto answer = run(server.io, answer_to(server.port, masked_frame(0x81, "text")));
    REQUIRE(answer);
    server.stop();
    REQUIRE(server.handler.end_of_talk);
    CHECK(server.handler.end_of_talk->kind() == Kind::invalid);
    CHECK_THAT(server.handler.end_of_talk->message(), Catch::Contains("text message"));
}

TEST_CASE("a frame that breaks the protocol ends the connection", "[net][websocket]") {
    Server server;
    std::string bytes;
    SECTION("not masked") {
        bytes = frame(0x82, "x");
    }
    SECTION("a reserved bit") {
        bytes = masked_frame(0xC2, "x");
    }
    SECTION("an unknown opcode") {
        bytes = masked_frame(0x83, "x");
    }
    SECTION("a continuation of nothing") {
        bytes = masked_frame(0x80, "x");
    }
    SECTION("a control frame in fragments") {
        bytes = masked_frame(0x09, "x");
    }
    const auto answer = run(server.io, answer_to(server.port, bytes));
    REQUIRE(answer);
    CHECK_THAT(*answer, Catch::Contains("\x03\xea"));  // 1002
    server.stop();
    REQUIRE(server.handler.end_of_talk);
    CHECK(server.handler.end_of_talk->kind() == Kind::invalid);
}

TEST_CASE("the server's Close is reported with its code and reason", "[net][websocket]") {
    Server server;
    const auto talk = [](net::ClientOptions options) -> async::Task<base::Error> {
        auto socket = co_await connect(options);
        REQUIRE(socket);
        const auto sent = co_await (*socket)->write("go away");
        REQUIRE(sent);
        auto message = co_await (*socket)->read();
        REQUIRE_FALSE(message);
        co_await (*socket)->close(CloseCode::normal, "too late, and harmless");
        co_return std::move(message).error();
    };
    const auto error = run(server.io, talk(server.options("/echo")));
    CHECK(error.kind() == Kind::refused);
    CHECK(error.message() == "the peer closed the connection with code 1001: as you wish");
}

TEST_CASE("a connection that is lost without a Close is an io error", "[net][websocket]") {
    const auto hang_up = [](Tcp::socket socket) -> async::Task<> { co_await accept_upgrade(socket); };
    Peer peer(hang_up);
    const auto error = run(peer.io, end_of_reading(peer.options()));
    CHECK(error.kind() == Kind::io);
    CHECK(error.message() == "the peer closed the connection");
}

TEST_CASE("a Close without a code is reported as such", "[net][websocket]") {
    const auto close = [](Tcp::socket socket) -> async::Task<> {
        co_await accept_upgrade(socket);
        co_await send(socket, frame(0x88, ""));
    };
    Peer peer(close);
    CHECK(run(peer.io, end_of_reading(peer.options())).message() == "the peer closed the connection");
}

TEST_CASE("closing ends within its limit when the peer is silent", "[net][websocket]") {
    const auto be_silent = [](Tcp::socket socket) -> async::Task<> {
        co_await accept_upgrade(socket);
        co_await async::forever();
    };
    Peer peer(be_silent);
    const auto talk = [](net::ClientOptions options) -> async::Task<std::chrono::nanoseconds> {
        auto socket = co_await connect(options);
        REQUIRE(socket);
        const auto start = async::SteadyClock::now();
        co_await (*socket)->close(CloseCode::normal, std::string(1000, 'x'));
        co_await (*socket)->close(CloseCode::normal, "twice is harmless");
        co_return async::SteadyClock::now() - start;
    };
    const auto took = run(peer.io, talk(peer.options("ws", brief_close())));
    CHECK(took >= 150ms);
}

TEST_CASE("closing ends within its limit when the peer answers and keeps the connection", "[net][websocket]") {
    const auto hold_on = [](Tcp::socket socket) -> async::Task<> {
        co_await accept_upgrade(socket);
        co_await read_bytes(socket, 2 + 4 + 2);
        const auto goodbye = frame(0x88, "\x03\xe8");
        co_await send(socket, goodbye);
        co_await async::forever();
    };
    Peer peer(hold_on);
    const auto talk = [](net::ClientOptions options) -> async::Task<> {
        auto socket = co_await connect(options);
        REQUIRE(socket);
        co_await (*socket)->close(CloseCode::normal, "");
    };
    run(peer.io, talk(peer.options("ws", brief_close())));  // which fails where it does not end
}

TEST_CASE("a read ends when the peer has closed and keeps the connection", "[net][websocket]") {
    const auto hold_on = [](Tcp::socket socket) -> async::Task<> {
        co_await accept_upgrade(socket);
        const auto goodbye = frame(0x88, "\x03\xe9");
        co_await send(socket, goodbye);
        co_await async::forever();
    };
    Peer peer(hold_on);
    const auto error = run(peer.io, end_of_reading(peer.options("ws", brief_close())));
    CHECK(error.message() == "the peer closed the connection with code 1001");
}

TEST_CASE("a peer that goes on sending after 1009 is cut off", "[net][websocket]") {
    net::Limits limits = brief_close();
    limits.receive_bytes = 10;
    Server server(limits);
    const auto flood = [](std::uint16_t port) -> async::Task<> {
        Tcp::socket socket = co_await upgraded(port);
        const auto bytes = masked_frame(0x82, std::string(60000, 'x'));
        for (;;) {
            const auto [code, sent] = co_await asio::async_write(socket, asio::buffer(bytes), async::as_result);
            if (code) co_return;
        }
    };
    run(server.io, flood(server.port));  // which fails where it does not end
    server.stop();
    REQUIRE(server.handler.end_of_talk);
    CHECK(server.handler.end_of_talk->kind() == Kind::too_large);
}

TEST_CASE("closing ends within its limit when the peer reads nothing and a message is stuck", "[net][websocket]") {
    const auto read_nothing = [](Tcp::socket socket) -> async::Task<> {
        co_await accept_upgrade(socket);
        co_await async::forever();
    };
    Peer peer(read_nothing);
    const auto talk = [](net::ClientOptions options) -> async::Task<> {
        auto socket = co_await connect(options);
        REQUIRE(socket);
        const std::string message(32 << 20, 'x');
        const auto sent = co_await async::with_timeout(50ms, (*socket)->write(message));
        CHECK_FALSE(sent);
        co_await (*socket)->close(CloseCode::normal, "");
        const auto after = co_await (*socket)->read();
        CHECK_FALSE(after);
    };
    run(peer.io, talk(peer.options("ws", brief_close())));
}

TEST_CASE("a read that was cancelled loses nothing", "[net][websocket]") {
    Server server;
    const auto talk = [](net::ClientOptions options) -> async::Task<> {
        auto socket = co_await connect(options);
        REQUIRE(socket);
        const auto nothing = co_await async::with_timeout(20ms, (*socket)->read());
        REQUIRE_FALSE(nothing);
        const auto sent = co_await (*socket)->write("still here");
        REQUIRE(sent);
        const auto back = co_await (*socket)->read();
        REQUIRE(back);
        CHECK(*back == "still here");
    };
    run(server.io, talk(server.options("/echo")));
}

TEST_CASE("after a read that was cancelled the goodbye still reaches the peer", "[net][websocket]") {
    Server server;
    const auto talk = [](net::ClientOptions options) -> async::Task<> {
        auto socket = co_await connect(options);
        REQUIRE(socket);
        const auto nothing = co_await async::with_timeout(20ms, (*socket)->read());
        CHECK_FALSE(nothing);
        co_await (*socket)->close(CloseCode::going_away, "bye");
    };
    run(server.io, talk(server.options("/echo")));
    server.stop();
    REQUIRE(server.handler.end_of_talk);
    CHECK_THAT(server.handler.end_of_talk->message(), Catch::Contains("1001: bye"));
}

TEST_CASE("a WebSocket may be dropped while a read is under way", "[net][websocket]") {
    Server server;
    const auto talk = [](net::ClientOptions options) -> async::Task<> {
        auto socket = co_await connect(options);
        REQUIRE(socket);
        const auto nothing = co_await async::with_timeout(20ms, (*socket)->read());
        CHECK_FALSE(nothing);
    };
    run(server.io, talk(server.options("/echo")));
    server.stop();
    REQUIRE(server.handler.end_of_talk);
    CHECK(server.handler.end_of_talk->kind() == Kind::io);
}

TEST_CASE("when the server ends, its WebSockets get Close 1001", "[net][websocket]") {
    Server server;
    const auto start = [](net::ClientOptions options) -> async::Task<std::shared_ptr<net::WebSocket>> {
        auto socket = co_await connect(options);
        REQUIRE(socket);
        const auto sent = co_await (*socket)->write("x");
        REQUIRE(sent);
        const auto back = co_await (*socket)->read();
        REQUIRE(back);
        co_return std::move(*socket);
    };
    const auto socket = run(server.io, start(server.options("/echo")));
    std::optional<base::Error> end;
    const auto listen = [](net::WebSocket& held, std::optional<base::Error>& error) -> async::Task<> {
        auto message = co_await held.read();
        if (!message) error = std::move(message).error();
    };
    async::TaskGroup readers(server.io.get_executor());
    readers.spawn("reader", listen(*socket, end));
    server.stop();
    run(server.io, readers.joined());
    REQUIRE(end);
    CHECK(end->message() == "the peer closed the connection with code 1001: the server ends");
}
