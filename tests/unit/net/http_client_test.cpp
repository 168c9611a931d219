// One-shot requests: our client against our server, and against scripted answers.
#include "rig.hpp"

using namespace net_test;

namespace {

base::Result<net::HttpResponse> get(const std::string& answer, net::Limits limits = {}) {
    Peer peer(answers(answer));
    return run(peer.io, net::http_get(peer.options("http", limits)));
}

}  // namespace

TEST_CASE("http_get brings status, type, headers and body", "[net][http_client]") {
    Server server;
    auto options = server.options("/hello?x=y");
    options.headers = {{"X-Probe", "1"}, {"User-Agent", "another"}};
    const auto response = run(server.io, net::http_get(options));
    REQUIRE(response);
    CHECK(response->status == 200);
    CHECK(response->content_type == "text/plain; charset=utf-8");
    CHECK(response->header("content-length") == "5");
    CHECK(response->body == "hello");
    const auto& request = server.handler.last_request;
    CHECK(request.method == "GET");
    CHECK(request.target == "/hello?x=y");
    CHECK(request.header("X-Probe") == "1");
    CHECK(request.header("User-Agent") == "another");
    CHECK(request.header("Host") == options.url.authority());
}

TEST_CASE("any status is a result", "[net][http_client]") {
    Server server;
    const auto response = run(server.io, net::http_get(server.options("/missing")));
    REQUIRE(response);
    CHECK(response->status == 404);
}

TEST_CASE("a body may come in chunks, up to the end of the connection, or not at all", "[net][http_client]") {
    struct Row {
        const char* answer;
        const char* body;
    };
    const auto row = GENERATE(values<Row>({
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n", "abc"},
        {"HTTP/1.1 200 OK\r\n\r\nabc", "abc"},
        {"HTTP/1.0 200 OK\r\n\r\nabc", "abc"},
        {"HTTP/1.1 204 No Content\r\n\r\n", ""},
        {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc"},
    }));
    CAPTURE(row.answer);
    const auto response = get(row.answer);
    REQUIRE(response);
    CHECK(response->body == row.body);
}

TEST_CASE("of a long body http_get keeps 64 KiB, and does not wait for the rest", "[net][http_client]") {
    const auto response = get("HTTP/1.1 200 OK\r\nContent-Length: 10000000\r\n\r\n" + std::string(100000, 'x'));
    REQUIRE(response);
    CHECK(response->body.size() == 64 << 10);
}

TEST_CASE("an answer that is cut short is an io error, and nonsense is invalid", "[net][http_client]") {
    const auto cut = get("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc");
    REQUIRE_FALSE(cut);
    CHECK(cut.error().kind() == Kind::io);
    const auto nothing = get("");
    REQUIRE_FALSE(nothing);
    CHECK(nothing.error().kind() == Kind::io);
    const auto nonsense = get("220 smtp.example.com ESMTP\r\n\r\n");
    REQUIRE_FALSE(nonsense);
    CHECK(nonsense.error().kind() == Kind::invalid);
}

TEST_CASE("a server that does not answer is given up", "[net][http_client]") {
    const auto be_silent = [](Tcp::socket socket) -> async::Task<> {
        co_await async::forever();
        socket.close();
    };
    Peer peer(be_silent);
    const auto response = run(peer.io, net::http_get(peer.options("http", brief())));
    REQUIRE_FALSE(response);
    CHECK(response.error().kind() == Kind::timeout);
}

TEST_CASE("http_post sends a body and brings another", "[net][http_client]") {
    Server server;
    const std::string body(1 << 20, 'x');
    const auto response = run(server.io, net::http_post(server.options("/p"), "application/x-protobuf", body));
    REQUIRE(response);
    CHECK(response->content_type == "application/x-protobuf");
    const bool is_same = response->body == body;
    CHECK(is_same);
}

TEST_CASE("http_post holds both bodies to their limits", "[net][http_client]") {
    Server server;
    net::Limits limits;
    limits.send_bytes = 100;
    limits.receive_bytes = 100;
    const auto options = server.options("/p", limits);
    CHECK(run(server.io, net::http_post(options, "text/plain", std::string(100, 'x'))));
    const auto request_too_long = run(server.io, net::http_post(options, "text/plain", std::string(101, 'x')));
    REQUIRE_FALSE(request_too_long);
    CHECK(request_too_long.error().kind() == Kind::too_large);

    Peer peer(answers("HTTP/1.1 200 OK\r\nContent-Length: 101\r\n\r\n" + std::string(101, 'x')));
    const auto answer_too_long = run(peer.io, net::http_post(peer.options("http", limits), "text/plain", ""));
    REQUIRE_FALSE(answer_too_long);
    CHECK(answer_too_long.error().kind() == Kind::too_large);
}
