// The HTTP server against clients that speak in raw bytes.
#include "net/gzip.hpp"
#include "rig.hpp"

using namespace net_test;

namespace {

/// What the server sends, to its end, for `bytes` on a connection of their own.
async::Task<std::optional<std::string>> exchange(std::uint16_t port, std::string bytes) {
    Tcp::socket socket = co_await connect_raw(port);
    co_await send(socket, bytes);
    co_return co_await read_all(socket);
}

std::string answer_to(Server& server, const std::string& bytes) {
    const auto answer = run(server.io, exchange(server.port, bytes));
    REQUIRE(answer);
    return *answer;
}

const std::string kLastHello = "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";

std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
    return found;
}

}  // namespace

TEST_CASE("a request is answered with length, type and body", "[net][http_server]") {
    Server server;
    CHECK(answer_to(server, kLastHello) ==
          "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 5\r\nConnection: "
          "close\r\n\r\nhello");
}

TEST_CASE("a connection serves many requests, also sent at once", "[net][http_server]") {
    Server server;
    const auto answer =
        answer_to(server,
                  "GET /hello HTTP/1.1\r\nHost: x\r\n\r\nPOST /p HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\nabc"
                  "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nde\r\n1\r\nf\r\n0\r\n\r\n" +
                      kLastHello);
    CHECK(count(answer, "HTTP/1.1 200 OK") == 4);
    CHECK(count(answer, "\r\n\r\nabc") == 1);
    CHECK(count(answer, "\r\n\r\ndef") == 1);
}

TEST_CASE("a request that arrives byte by byte is understood", "[net][http_server]") {
    Server server;
    const auto drip = [](std::uint16_t port) -> async::Task<std::optional<std::string>> {
        Tcp::socket socket = co_await connect_raw(port);
        socket.set_option(Tcp::no_delay(true));
        for (const char& byte : kLastHello) co_await send(socket, std::string_view(&byte, 1));
        co_return co_await read_all(socket);
    };
    const auto answer = run(server.io, drip(server.port));
    REQUIRE(answer);
    CHECK_THAT(*answer, Catch::EndsWith("hello"));
}

TEST_CASE("HTTP/1.0 closes unless asked to stay", "[net][http_server]") {
    Server server;
    CHECK_THAT(answer_to(server, "GET /hello HTTP/1.0\r\n\r\n"), Catch::Contains("Connection: close"));
}

TEST_CASE("HEAD gets the length without the body", "[net][http_server]") {
    Server server;
    const auto answer = answer_to(server, "HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    CHECK_THAT(answer, Catch::Contains("Content-Length: 5") && Catch::EndsWith("\r\n\r\n"));
}

TEST_CASE("a handler that throws is a 500, and the connection goes on", "[net][http_server]") {
    Server server;
    const auto answer = answer_to(server, "GET /throws HTTP/1.1\r\nHost: x\r\n\r\n" + kLastHello);
    CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 500 Internal Server Error") && Catch::EndsWith("hello"));
    CHECK_THAT(answer, !Catch::Contains("a bug"));
}

TEST_CASE("a body at the limit passes, and one byte more is a 413", "[net][http_server]") {
    net::Limits limits = brief();
    limits.receive_bytes = 10;
    Server server(limits);
    const auto post = [](std::size_t size) {
        return "POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: " + std::to_string(size) +
               "\r\n\r\n" + std::string(size, 'x');
    };
    CHECK_THAT(answer_to(server, post(10)), Catch::StartsWith("HTTP/1.1 200 ") && Catch::EndsWith("xxxxxxxxxx"));
    CHECK_THAT(answer_to(server, post(11)), Catch::StartsWith("HTTP/1.1 413 "));
    CHECK_THAT(answer_to(server, post(1 << 20)), Catch::StartsWith("HTTP/1.1 413 "));
    CHECK_THAT(
        answer_to(server,
                  "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nb\r\n12345678901\r\n0\r\n\r\n"),
        Catch::StartsWith("HTTP/1.1 413 "));
}

TEST_CASE("a head of more than 16 KiB is a 431", "[net][http_server]") {
    Server server(brief());
    const auto head = [](std::size_t size) {
        return "GET /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX: " + std::string(size, 'x') + "\r\n\r\n";
    };
    CHECK_THAT(answer_to(server, head(15 << 10)), Catch::StartsWith("HTTP/1.1 200 "));
    CHECK_THAT(answer_to(server, head(17 << 10)), Catch::StartsWith("HTTP/1.1 431 "));
    CHECK_THAT(answer_to(server, head(1 << 20)), Catch::StartsWith("HTTP/1.1 431 "));
}

TEST_CASE("what surrounds the chunks of a body is a 431 over 16 KiB", "[net][http_server]") {
    Server server(brief());
    const std::string chunked = "POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string endless(1 << 20, 'x');
    CHECK_THAT(answer_to(server, chunked + "1;" + endless), Catch::StartsWith("HTTP/1.1 431 "));
    CHECK_THAT(answer_to(server, chunked + "0\r\nX: " + endless), Catch::StartsWith("HTTP/1.1 431 "));
}

TEST_CASE("what is not HTTP is a 400", "[net][http_server]") {
    Server server(brief());
    CHECK_THAT(answer_to(server, "\x16\x03\x01 hello\r\n\r\n"), Catch::StartsWith("HTTP/1.1 400 "));
    CHECK_THAT(answer_to(server, "GET /hello HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"),
               Catch::StartsWith("HTTP/1.1 400 "));
}

TEST_CASE("a client that asks first is told to go on", "[net][http_server]") {
    Server server;
    const auto ask = [](std::uint16_t port) -> async::Task<std::string> {
        Tcp::socket socket = co_await connect_raw(port);
        co_await send(
            socket,
            "POST /p HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Length: 3\r\n\r\n");
        const auto interim = co_await read_head(socket);
        CHECK(interim == "HTTP/1.1 100 Continue\r\n\r\n");
        co_await send(socket, "abc");
        const auto rest = co_await read_all(socket);
        co_return rest.value_or("");
    };
    CHECK_THAT(run(server.io, ask(server.port)), Catch::EndsWith("\r\n\r\nabc"));
}

TEST_CASE("a head that does not come to its end is cut off", "[net][http_server]") {
    Server server(brief());
    CHECK_THAT(answer_to(server, "GET /hello HTTP/1.1\r\nHost:"), Catch::StartsWith("HTTP/1.1 408 "));

    const auto drip = [](std::uint16_t port) -> async::Task<std::size_t> {
        Tcp::socket socket = co_await connect_raw(port);
        for (std::size_t sent = 0;; ++sent) {
            const auto [code, bytes] = co_await asio::async_write(socket, asio::buffer("x", 1), async::as_result);
            if (code || sent > 1000) co_return sent;
            co_await async::sleep_for(10ms);
        }
    };
    CHECK(run(server.io, drip(server.port)) < 1000);
}

TEST_CASE("a connection on which nothing comes is closed without a word", "[net][http_server]") {
    Server server(brief());
    CHECK(answer_to(server, "").empty());
    CHECK_THAT(answer_to(server, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n"), Catch::EndsWith("hello"));
}

TEST_CASE("connections over the bound are closed, and there is room again when one ends", "[net][http_server]") {
    net::Limits limits;
    limits.connections = 2;
    Server server(limits);
    const auto crowd = [](std::uint16_t port) -> async::Task<> {
        std::vector<Tcp::socket> open;
        for (int i = 0; i < 2; ++i) {
            open.push_back(co_await connect_raw(port));
            co_await send(open.back(), "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
            const auto head = co_await read_head(open.back());
            CHECK_THAT(head, Catch::StartsWith("HTTP/1.1 200 "));
        }
        const auto refused = co_await exchange(port, kLastHello);
        REQUIRE(refused);
        CHECK(refused->empty());
        open.clear();
        for (int attempts = 0; attempts < 1000; ++attempts) {
            const auto answer = co_await exchange(port, kLastHello);
            if (answer && !answer->empty()) co_return;
        }
        FAIL("no room after two connections have ended");
    };
    run(server.io, crowd(server.port));
}

TEST_CASE("when the server ends, idle connections end with it", "[net][http_server]") {
    Server server;
    const auto open = [](std::uint16_t port) -> async::Task<std::shared_ptr<Tcp::socket>> {
        auto socket = std::make_shared<Tcp::socket>(co_await connect_raw(port));
        co_await send(*socket, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
        co_await read_head(*socket);
        co_return socket;
    };
    const auto socket = run(server.io, open(server.port));
    server.stop();
    const auto rest = run(server.io, read_all(*socket));
    REQUIRE(rest);
    CHECK_THAT(*rest, Catch::EndsWith("hello"));
}

TEST_CASE("an upgrade that the handler does not accept is an ordinary request", "[net][http_server]") {
    Server server;
    CHECK_THAT(answer_to(server,
                         "GET /other HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade, close\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"),
               Catch::StartsWith("HTTP/1.1 404 "));
}

TEST_CASE("an upgrade that is not valid is refused", "[net][http_server]") {
    Server server(brief());
    CHECK_THAT(answer_to(server, "GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n"),
               Catch::StartsWith("HTTP/1.1 400 "));
    CHECK_THAT(answer_to(server,
                         "GET /echo HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 8\r\n\r\n"),
               Catch::StartsWith("HTTP/1.1 426 "));
    CHECK(server.handler.talks == 0);
}

TEST_CASE("an address to listen on is checked", "[net][http_server]") {
    asio::io_context io;
    Handler handler;
    for (const char* address :
         {"", "4320", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "example:80", "::1:80"}) {
        net::HttpServer http(io.get_executor(), handler);
        const auto port = http.listen(address);
        CAPTURE(address);
        REQUIRE_FALSE(port);
        CHECK(port.error().kind() == Kind::invalid);
    }
}

TEST_CASE("a port in use is an error that names the address", "[net][http_server]") {
    Server server;
    net::HttpServer second(server.io.get_executor(), server.handler);
    const auto address = "127.0.0.1:" + std::to_string(server.port);
    const auto port = second.listen(address);
    REQUIRE_FALSE(port);
    CHECK(port.error().kind() == Kind::io);
    CHECK(port.error().message() == "listening on " + address + ": address already in use");
}

namespace {

std::string packed_post(const std::string& body, const std::string& coding = "gzip") {
    return "POST /p HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Encoding: " + coding +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace

TEST_CASE("[SRV-HTTP-2] a gzipped request is inflated before it is handled", "[net][http_server]") {
    Server server;
    CHECK_THAT(answer_to(server, packed_post(net::gzip("hello"))), Catch::EndsWith("\r\n\r\nhello"));
    CHECK(server.handler.last_request.header("Content-Encoding").empty());
    CHECK_THAT(answer_to(server, packed_post("plain", "identity")), Catch::EndsWith("\r\n\r\nplain"));
    CHECK_THAT(answer_to(server, packed_post("not gzip")), Catch::StartsWith("HTTP/1.1 400 "));
    CHECK_THAT(answer_to(server, packed_post(net::gzip("x") + "garbage")), Catch::StartsWith("HTTP/1.1 400 "));
    CHECK_THAT(answer_to(server, packed_post("x", "br")), Catch::StartsWith("HTTP/1.1 415 "));
}

TEST_CASE("[SRV-HTTP-4] [SRV-HTTP-5] the limit on requests holds after inflation", "[net][http_server]") {
    net::Limits limits = brief();
    limits.receive_bytes = 32 << 10;
    Server server(limits);
    CHECK_THAT(answer_to(server, packed_post(net::gzip(std::string(32 << 10, 'x')))),
               Catch::StartsWith("HTTP/1.1 200 "));
    CHECK_THAT(answer_to(server, packed_post(net::gzip(std::string((32 << 10) + 1, 'x')))),
               Catch::StartsWith("HTTP/1.1 413 "));
    CHECK_THAT(answer_to(server, packed_post(net::gzip(std::string(16 << 20, '\0')))),
               Catch::StartsWith("HTTP/1.1 413 "));
}

TEST_CASE("[SRV-HTTP-3] an answer is gzipped where the client accepts it", "[net][http_server]") {
    Server server;
    const auto get = [&](const std::string& header) {
        return answer_to(server, "GET /packable HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" + header + "\r\n");
    };
    for (const char* accepted : {"gzip", "gzip, deflate", "br;q=1.0, GZIP;q=0.2", "*", "*;q=0, gzip", "x-gzip"}) {
        CAPTURE(accepted);
        const auto answer = get("Accept-Encoding: " + std::string(accepted) + "\r\n");
        CHECK_THAT(answer,
                   Catch::Contains("Content-Encoding: gzip\r\n") && Catch::Contains("Vary: Accept-Encoding\r\n"));
        const auto body = net::gunzip(answer.substr(answer.find("\r\n\r\n") + 4), 1000);
        REQUIRE(body);
        CHECK(*body == "packable");
    }
    for (const char* refused : {"", "identity", "gzip;q=0", "gzip; q=0.000, *", "*;q=0", "deflate"}) {
        CAPTURE(refused);
        const auto answer = get("Accept-Encoding: " + std::string(refused) + "\r\n");
        CHECK_THAT(answer, Catch::EndsWith("\r\n\r\npackable") && !Catch::Contains("Content-Encoding"));
    }
    CHECK_THAT(get(""), Catch::EndsWith("\r\n\r\npackable"));
    CHECK_THAT(
        answer_to(server, "GET /hello HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n"),
        Catch::EndsWith("\r\n\r\nhello"));
    const auto large =
        answer_to(server, "GET /large HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");
    CHECK_THAT(large, Catch::Contains("Content-Length: 1048577\r\n") && !Catch::Contains("Content-Encoding"));
}

TEST_CASE("[SRV-HTTP-6] an answer over the limit is not sent", "[net][http_server]") {
    net::Limits limits;
    limits.send_bytes = 4;
    Server server(limits);
    const auto answer = answer_to(server, kLastHello);
    CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 500 ") && !Catch::Contains("hello"));
}
