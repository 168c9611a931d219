// The client that keeps its connection: reuse and its end, gzip in both directions, limits, hostile answers.
#include "net/gzip.hpp"
#include "rig.hpp"

using namespace net_test;

namespace {

using Heads = std::vector<std::string>;

/// Answers one request after the other on each connection, with these texts in turn; then ends it.
async::Task<> play(Tcp::socket socket, std::vector<std::string> texts, Heads& heads) {
    for (const std::string& text : texts) {
        const auto head = co_await read_head(socket);
        if (head.empty()) co_return;
        heads.push_back(head);
        co_await send(socket, text);
    }
}

/// As many connections as there are lists of answers; further ones are ended at once.
class Played {
public:
    explicit Played(std::vector<std::vector<std::string>> connections)
        : answers_(std::move(connections)), peer([this](Tcp::socket socket) {
              const auto mine = count < answers_.size() ? answers_[count] : std::vector<std::string>();
              ++count;
              return play(std::move(socket), mine, heads);
          }) {}

private:
    std::vector<std::vector<std::string>> answers_;

public:
    std::size_t count = 0;  ///< Connections so far.
    Heads heads;
    Peer peer;
};

std::string ok(const std::string& body, const std::string& headers = "") {
    return "HTTP/1.1 200 OK\r\n" + headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

net::HttpClient::Request get() {
    net::HttpClient::Request request;
    request.method = "GET";
    return request;
}

net::HttpClient::Request post(std::string_view body, bool gzip = false) {
    net::HttpClient::Request request;
    request.body = body;
    request.content_type = "application/x-protobuf";
    request.gzip = gzip;
    return request;
}

base::Result<net::HttpResponse> answered(const std::string& answer, net::Limits limits = {}) {
    Peer peer(answers(answer));
    net::HttpClient client(peer.options("http", limits));
    return run(peer.io, client.send(get()));
}

net::Limits receiving(std::uint64_t bytes) {
    net::Limits limits;
    limits.receive_bytes = bytes;
    return limits;
}

Kind failure(const std::string& answer, net::Limits limits = {}) {
    const auto result = answered(answer, limits);
    REQUIRE_FALSE(result);
    return result.error().kind();
}

std::string body_of(const base::Result<net::HttpResponse>& result) {
    return result ? result->body : "error: " + result.error().message();
}

}  // namespace

TEST_CASE("requests share one connection while the server keeps it", "[net][http_keep_alive]") {
    Played server({{ok("one"), ok("two"), ok("three", "Connection: close\r\n")}, {ok("four")}});
    net::HttpClient client(server.peer.options("http"));
    for (const char* body : {"one", "two", "three", "four"})
        CHECK(body_of(run(server.peer.io, client.send(get()))) == body);
    CHECK(server.count == 2);
    CHECK_THAT(server.heads[0], Catch::Contains("Accept-Encoding: gzip\r\n") && !Catch::Contains("Content-Length"));
    run(server.peer.io, client.close());
}

TEST_CASE("a kept connection that has ended is replaced once", "[net][http_keep_alive]") {
    Played server({{ok("one")}, {ok("two"), ""}, {}});
    net::HttpClient client(server.peer.options("http"));
    CHECK(body_of(run(server.peer.io, client.send(get()))) == "one");
    CHECK(body_of(run(server.peer.io, client.send(get()))) == "two");
    CHECK(server.count == 2);
    // The second connection ends after the request has been read, and so does the one that replaces it.
    const auto lost = run(server.peer.io, client.send(post("three")));
    REQUIRE_FALSE(lost);
    CHECK(lost.error().kind() == Kind::io);
    CHECK(client.may_have_been_received());
    CHECK(server.count == 3);
}

TEST_CASE("an answer that has begun is not asked for again", "[net][http_keep_alive]") {
    Played server({{ok("one"), "HTTP/1.1 200 OK\r\nContent-Le"}, {ok("never")}});
    net::HttpClient client(server.peer.options("http"));
    CHECK(body_of(run(server.peer.io, client.send(get()))) == "one");
    CHECK_FALSE(run(server.peer.io, client.send(get())));
    CHECK(server.count == 1);
}

TEST_CASE("a word that answers no request is not taken for an answer", "[net][http_keep_alive]") {
    Played server({{ok("one") + "HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n"}, {ok("two")}});
    net::HttpClient client(server.peer.options("http"));
    CHECK(body_of(run(server.peer.io, client.send(get()))) == "one");
    CHECK(body_of(run(server.peer.io, client.send(get()))) == "two");
}

TEST_CASE("a request that could not leave has not been received", "[net][http_keep_alive]") {
    asio::io_context io;
    net::ClientOptions options;
    {
        Tcp::acceptor closed(io, Tcp::endpoint(asio::ip::address_v4::loopback(), 0));
        options.url = {"http", "127.0.0.1", closed.local_endpoint().port(), "/"};
    }
    net::HttpClient client(options);
    const auto refused = run(io, client.send(post("x")));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind() == Kind::io);
    CHECK_FALSE(client.may_have_been_received());
}

TEST_CASE("[HTTP-9] [HTTP-10] a body is compressed when asked, and marked exactly then", "[net][http_keep_alive]") {
    Server server;
    net::HttpClient client(server.options("/p"));
    const std::string body(100000, 'x');
    const auto plain = run(server.io, client.send(post(body)));
    CHECK(server.handler.last_request.header("Content-Length") == "100000");
    const auto packed = run(server.io, client.send(post(body, true)));
    REQUIRE(plain);
    REQUIRE(packed);
    const bool is_same = plain->body == body && packed->body == body;
    CHECK(is_same);
    CHECK(server.handler.last_request.header("Content-Length").size() == 3);

    Played raw({{ok(""), ok("")}});
    net::HttpClient marked(raw.peer.options("http"));
    CHECK(run(raw.peer.io, marked.send(post(""))));
    CHECK(run(raw.peer.io, marked.send(post("", true))));
    CHECK_THAT(raw.heads[1], Catch::Contains("Content-Encoding: gzip\r\n"));
    CHECK_THAT(raw.heads[0], !Catch::Contains("Content-Encoding") && Catch::Contains("application/x-protobuf"));
}

TEST_CASE("[HTTP-12] a gzipped answer is inflated", "[net][http_keep_alive]") {
    const auto response = answered(ok(net::gzip("hello"), "Content-Encoding: gzip\r\n"));
    CHECK(body_of(response) == "hello");
    CHECK(response->header("Content-Encoding").empty());
    CHECK(body_of(answered(ok("plain", "Content-Encoding: identity\r\n"))) == "plain");
    CHECK(failure(ok("not gzip", "Content-Encoding: gzip\r\n")) == Kind::invalid);
    CHECK(failure(ok("x", "Content-Encoding: br\r\n")) == Kind::invalid);
}

TEST_CASE("[HTTP-14] the limit on answers holds plain, chunked and inflated", "[net][http_keep_alive]") {
    const std::string at_limit(1000, 'x');
    const std::string over(1001, 'x');
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    const std::string zip = "Content-Encoding: gzip\r\n";
    CHECK(body_of(answered(ok(at_limit), receiving(1000))) == at_limit);
    CHECK(failure(ok(over), receiving(1000)) == Kind::too_large);
    CHECK(body_of(answered(chunked + "3e8\r\n" + at_limit + "\r\n0\r\n\r\n", receiving(1000))) == at_limit);
    CHECK(failure(chunked + "3e9\r\n" + over + "\r\n0\r\n\r\n", receiving(1000)) == Kind::too_large);
    CHECK(failure("HTTP/1.1 200 OK\r\n\r\n" + over, receiving(1000)) == Kind::too_large);
    CHECK(body_of(answered(ok(net::gzip(at_limit), zip), receiving(1000))) == at_limit);
    CHECK(failure(ok(net::gzip(over), zip), receiving(1000)) == Kind::too_large);
    CHECK(failure(ok(net::gzip(std::string(16 << 20, '\0')), zip), receiving(32 << 10)) == Kind::too_large);
}

TEST_CASE("[HTTP-13] a status that says no is a result, whatever its body is", "[net][http_keep_alive]") {
    const std::string busy = "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\n";
    const auto response = answered(busy + "Content-Length: 99\r\n\r\n" + std::string(99, 'x'), receiving(10));
    REQUIRE(response);
    CHECK(response->status == 503);
    CHECK(response->header("Retry-After") == "7");
    CHECK(response->body.empty());
    const auto broken = answered(busy + "Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx");
    REQUIRE(broken);
    CHECK(broken->status == 503);
    const auto moved = answered("HTTP/1.1 307 x\r\nLocation: http://other.example/\r\nContent-Length: 0\r\n\r\n");
    REQUIRE(moved);
    CHECK(moved->header("Location") == "http://other.example/");
}

TEST_CASE("[HTTP-18] [HTTP-19] a request over the limit is not made, however small it would become",
          "[net][http_keep_alive]") {
    Played server({{ok("")}});
    net::Limits limits;
    limits.send_bytes = 1000;
    net::HttpClient client(server.peer.options("http", limits));
    const std::string over(1001, 'x');
    const auto refused = run(server.peer.io, client.send(post(over, true)));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind() == Kind::too_large);
    CHECK_FALSE(client.may_have_been_received());
    CHECK(server.count == 0);
}

TEST_CASE("hostile answers are given up", "[net][http_keep_alive]") {
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    CHECK(failure(chunked + "zz\r\nab\r\n0\r\n\r\n") == Kind::invalid);
    CHECK_FALSE(answered(chunked + "ffffffffffffffffff\r\nab\r\n0\r\n\r\n"));
    CHECK(failure(chunked + "7fffffffffffffff\r\nab") == Kind::too_large);
    CHECK(failure("HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x')) == Kind::too_large);
    CHECK(failure(chunked + "1;" + std::string(1 << 20, 'x')) == Kind::too_large);
    CHECK(failure(chunked + "0\r\nX: " + std::string(1 << 20, 'x')) == Kind::too_large);
    CHECK(failure("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n") == Kind::invalid);
    CHECK(failure("220 smtp.example.com ESMTP\r\n\r\n") == Kind::invalid);
}

TEST_CASE("an answer that never ends is given up, in silence or drop by drop", "[net][http_keep_alive]") {
    const auto drip = [](Tcp::socket socket) -> async::Task<> {
        co_await read_head(socket);
        co_await send(socket, "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        for (;;) {
            const auto [code, bytes] = co_await asio::async_write(socket, asio::buffer("x", 1), async::as_result);
            if (code) co_return;
            co_await async::sleep_for(10ms);
        }
    };
    net::Limits limits;
    limits.exchange = 200ms;
    Peer dripping(drip);
    net::HttpClient client(dripping.options("http", limits));
    const auto slow = run(dripping.io, client.send(get()));
    REQUIRE_FALSE(slow);
    CHECK(slow.error().kind() == Kind::timeout);
    CHECK(client.may_have_been_received());

    const auto be_silent = [](Tcp::socket socket) -> async::Task<> {
        co_await async::forever();
        socket.close();
    };
    Peer silent(be_silent);
    net::HttpClient waiting(silent.options("http", brief()));
    const auto nothing = run(silent.io, waiting.send(get()));
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().kind() == Kind::timeout);
}

TEST_CASE("[CONN-5] a connection is tried without a word of OpAMP", "[net][try_connection]") {
    Server server;
    net::Refusal refusal;
    CHECK(run(server.io, net::try_connection(server.options("/echo"), refusal)));
    CHECK(server.handler.talks == 1);
    CHECK(run(server.io, net::try_connection(server.options("/p"), refusal)));
    CHECK(server.handler.last_request.method == "GET");

    Peer unauthorized(answers("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n"));
    const auto refused = run(unauthorized.io, net::try_connection(unauthorized.options("ws"), refusal));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind() == Kind::refused);
    CHECK(refusal.http_status == 401);
}
