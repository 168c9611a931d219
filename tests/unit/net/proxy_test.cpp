// Proxies: their URLs, the environment's rules, and CONNECT with good and hostile ones.
#include <boost/asio/ssl.hpp>

#include "certificates.hpp"
#include "rig.hpp"

using namespace net_test;
namespace ssl = asio::ssl;
using async::operator||;

namespace {

/// Copies bytes from one to the other until either is done.
template <typename From, typename To>
async::Task<> copy(From& from, To& to) {
    std::string room(16 << 10, '\0');
    for (;;) {
        const auto [code, bytes] = co_await from.async_read_some(asio::buffer(room), async::as_result);
        if (code) co_return;
        co_await asio::async_write(to, asio::buffer(room, bytes), async::as_result);
    }
}

/// Answers a CONNECT with 200, and carries bytes to and from `port`, whatever was asked for.
template <typename Stream>
async::Task<> carry(Stream& client, std::uint16_t port, std::string& head) {
    co_await asio::async_read_until(client, asio::dynamic_buffer(head), "\r\n\r\n", async::as_result);
    Tcp::socket server = co_await connect_raw(port);
    const std::string_view answer = "HTTP/1.1 200 Connection established\r\nContent-Length: 7\r\n\r\n";
    co_await asio::async_write(client, asio::buffer(answer), async::as_result);
    co_await (copy(client, server) || copy(server, client));
}

async::Task<> carry_plain(Tcp::socket client, std::uint16_t port, std::string& head) {
    co_await carry(client, port, head);
}

/// The same behind TLS; `shown` is how many client certificates the proxy has seen.
async::Task<> carry_tls(Tcp::socket socket, std::shared_ptr<ssl::context> context, std::uint16_t port,
                        std::string& head, int& shown) {
    ssl::stream<Tcp::socket> client(std::move(socket), *context);
    const auto [code] = co_await client.async_handshake(ssl::stream_base::server, async::as_result);
    if (code) co_return;
    if (X509* certificate = SSL_get1_peer_certificate(client.native_handle())) {
        ++shown;
        X509_free(certificate);
    }
    co_await carry(client, port, head);
}

std::shared_ptr<ssl::context> server_context(const Identity& identity) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    context->use_certificate_chain(asio::buffer(identity.certificate));
    context->use_private_key(asio::buffer(identity.key), ssl::context::pem);
    return context;
}

/// A TLS server that answers one request, and keeps its head.
async::Task<> greet(Tcp::socket socket, std::shared_ptr<ssl::context> context, std::string& head) {
    ssl::stream<Tcp::socket> stream(std::move(socket), *context);
    const auto [code] = co_await stream.async_handshake(ssl::stream_base::server, async::as_result);
    if (code) co_return;
    co_await asio::async_read_until(stream, asio::dynamic_buffer(head), "\r\n\r\n", async::as_result);
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    co_await asio::async_write(stream, asio::buffer(answer), async::as_result);
    co_await stream.async_shutdown(async::as_result);
}

net::Proxy proxy_at(std::uint16_t port, const std::string& scheme = "http") {
    return {{scheme, "127.0.0.1", port, "/"}, {{"X-Proxy", "for the proxy"}}};
}

/// How http_get through a proxy that answers with these bytes fails.
base::Error refusal(const std::string& answer, net::Limits limits = {}) {
    Peer peer(answers(answer));
    net::ClientOptions options;
    options.url = {"http", "server.example", 80, "/"};
    options.limits = limits;
    options.proxy = proxy_at(peer.port);
    const auto result = run(peer.io, net::http_get(options));
    REQUIRE_FALSE(result);
    CHECK_THAT(result.error().message(), Catch::StartsWith("proxy '127.0.0.1:" + std::to_string(peer.port) + "': "));
    return result.error();
}

std::optional<std::string> chosen(const std::string& url, std::vector<net::Header> variables) {
    const auto target = net::parse_url(url);
    REQUIRE(target);
    return net::proxy_from_environment(*target, [&](const char* name) {
        for (const auto& [set, value] : variables)
            if (set == name) return value;
        return std::string();
    });
}

}  // namespace

TEST_CASE("[CONN-30] a proxy is named by a URL or by host and port", "[net][proxy]") {
    struct Row {
        const char* text;
        const char* scheme;
        const char* authority;
        const char* authorization;
    };
    const auto row = GENERATE(values<Row>({
        {"http://proxy.example:3128", "http", "proxy.example:3128", ""},
        {"http://proxy.example:3128/", "http", "proxy.example:3128", ""},
        {"https://proxy.example", "https", "proxy.example:443", ""},
        {"proxy.example:3128", "http", "proxy.example:3128", ""},
        {"127.0.0.1:3128", "http", "127.0.0.1:3128", ""},
        {"http://[::1]:3128", "http", "[::1]:3128", ""},
        {"http://user:pass@proxy.example:1", "http", "proxy.example:1", "Basic dXNlcjpwYXNz"},
        {"user:p%40ss@proxy.example:1", "http", "proxy.example:1", "Basic dXNlcjpwQHNz"},
        {"http://user@proxy.example:1", "http", "proxy.example:1", "Basic dXNlcjo="},
    }));
    CAPTURE(row.text);
    const auto proxy = net::parse_proxy(row.text);
    REQUIRE(proxy);
    CHECK(proxy->url.scheme == row.scheme);
    CHECK(proxy->url.authority() == row.authority);
    CHECK(net::find_header(proxy->connect_headers, "Proxy-Authorization") == row.authorization);
}

TEST_CASE("[CONN-30] what is no proxy is refused, without its password", "[net][proxy]") {
    for (const char* text :
         {"", "socks5://user:secret@h:1", "ws://user:secret@h:1", "http://user:secret@", "http://user:secret@h:99999",
          "http://user:secret@h:1/path", "http://user:sec%ret@h:1", "http://user:secret@h:1?q", "user:secret@ :1"}) {
        CAPTURE(text);
        const auto proxy = net::parse_proxy(text);
        REQUIRE_FALSE(proxy);
        CHECK(proxy.error().kind() == Kind::invalid);
        CHECK_THAT(proxy.error().text(), !Catch::Contains("sec"));
    }
}

TEST_CASE("the environment names a proxy by the target's scheme", "[net][proxy]") {
    const std::vector<net::Header> both{{"HTTPS_PROXY", "secure:1"}, {"http_proxy", "plain:1"}};
    CHECK(chosen("wss://server.example/", both) == "secure:1");
    CHECK(chosen("https://server.example/", both) == "secure:1");
    CHECK(chosen("ws://server.example/", both) == "plain:1");
    CHECK(chosen("http://server.example/", both) == "plain:1");
    CHECK(chosen("http://server.example/", {{"HTTPS_PROXY", "secure:1"}}) == std::nullopt);
}

TEST_CASE("NO_PROXY and this machine itself are excepted from the environment's proxy", "[net][proxy]") {
    struct Row {
        const char* url;
        const char* no_proxy;
        bool is_excepted;
    };
    const auto row = GENERATE(values<Row>({
        {"ws://localhost/", "", true},
        {"ws://127.0.0.1/", "", true},
        {"ws://127.9.9.9/", "", true},
        {"ws://[::1]/", "", true},
        {"ws://server.example/", "", false},
        {"ws://server.example/", "*", true},
        {"ws://server.example/", "other.example, SERVER.example", true},
        {"ws://a.server.example/", "server.example", true},
        {"ws://myserver.example/", "server.example", false},
        {"ws://a.server.example/", ".server.example", true},
        {"ws://server.example/", ".server.example", false},
        {"ws://server.example:81/", "server.example:81", true},
        {"ws://server.example:82/", "server.example:81", false},
        {"ws://10.1.2.3/", "10.0.0.0/8", true},
        {"ws://11.1.2.3/", "10.0.0.0/8", false},
        {"ws://10.1.2.3/", "10.1.2.3", true},
        {"ws://10.1.2.3:81/", "10.1.2.3:82", false},
        {"ws://[2001:db8::1]/", "2001:db8::/32", true},
        {"ws://[2001:db8::1]:81/", "[2001:db8::1]:81", true},
        {"ws://[2001:db8::1]/", "2001:db8::1", true},
        {"ws://server.example/", "10.0.0.0/8,nonsense/99", false},
    }));
    CAPTURE(row.url, row.no_proxy);
    const auto proxy = chosen(row.url, {{"http_proxy", "plain:1"}, {"no_proxy", row.no_proxy}});
    CHECK(proxy.has_value() != row.is_excepted);
}

TEST_CASE("[CONN-31] connect_headers are for the proxy alone, which resolves the server's name", "[net][proxy]") {
    std::string head;
    std::uint16_t server_port = 0;
    Peer proxy([&](Tcp::socket client) { return carry_plain(std::move(client), server_port, head); });
    Handler handler;
    net::HttpServer http(proxy.io.get_executor(), handler);
    const auto bound = http.listen("127.0.0.1:0");
    REQUIRE(bound);
    server_port = *bound;
    async::TaskGroup tasks(proxy.io.get_executor());
    tasks.spawn("server", http.run());
    net::ClientOptions options;
    options.url = {"http", "no-such-name.invalid", server_port, "/hello"};
    options.headers = {{"X-Server", "for the server"}};
    options.proxy = proxy_at(proxy.port);
    const auto response = run(proxy.io, net::http_get(options));
    run(proxy.io, ended(tasks));
    REQUIRE(response);
    CHECK(response->body == "hello");
    const std::string target = "no-such-name.invalid:" + std::to_string(server_port);
    CHECK_THAT(head, Catch::StartsWith("CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n"));
    CHECK_THAT(head, Catch::Contains("X-Proxy: for the proxy\r\n") && !Catch::Contains("X-Server"));
    CHECK(handler.last_request.header("X-Server") == "for the server");
    CHECK(handler.last_request.header("X-Proxy").empty());
}

TEST_CASE("[CONN-29] TLS to a proxy shows the connection's certificate, and carries TLS to the server",
          "[net][proxy]") {
    const auto authority = make_authority("an authority");
    const auto client = make_identity(authority, "DNS:client");
    const auto demanding = server_context(make_identity(authority, "IP:127.0.0.1"));
    demanding->add_certificate_authority(asio::buffer(authority.certificate));
    demanding->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    const auto identity = server_context(make_identity(authority, "DNS:server.example"));
    std::string connect_head;
    std::string server_head;
    int shown = 0;
    std::uint16_t server_port = 0;
    // One listener for both roles keeps them in one loop: the proxy's side connects back to it.
    int connections = 0;
    Peer peer([&](Tcp::socket socket) {
        if (connections++ == 0) return carry_tls(std::move(socket), demanding, server_port, connect_head, shown);
        return greet(std::move(socket), identity, server_head);
    });
    server_port = peer.port;
    net::ClientOptions options;
    options.url = {"https", "server.example", 443, "/"};
    options.tls.ca_pem = authority.certificate;
    options.tls.cert_pem = client.certificate;
    options.tls.key_pem = client.key;
    options.proxy = proxy_at(peer.port, "https");
    const auto response = run(peer.io, net::http_get(options));
    REQUIRE(response);
    CHECK(response->body == "hello");
    CHECK(shown == 1);
    CHECK_THAT(connect_head, Catch::StartsWith("CONNECT server.example:443 HTTP/1.1\r\n"));
    CHECK_THAT(server_head, Catch::StartsWith("GET / HTTP/1.1\r\n") && !Catch::Contains("X-Proxy"));
}

TEST_CASE("a proxy that refuses is named, with its status", "[net][proxy]") {
    const auto unauthorized = refusal("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n");
    CHECK(unauthorized.kind() == Kind::refused);
    CHECK_THAT(
        unauthorized.text(),
        Catch::Contains("refused the connection: HTTP 407 Proxy Authentication Required (give the proxy's user"));
    const auto forbidden = refusal("HTTP/1.0 403 Forbidden\r\n\r\nno");
    CHECK(forbidden.kind() == Kind::refused);
    CHECK_THAT(forbidden.text(), Catch::EndsWith("refused the connection: HTTP 403 Forbidden"));
    const auto interim = refusal("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 502 Bad Gateway\r\n\r\n");
    CHECK_THAT(interim.text(), Catch::EndsWith("HTTP 502 Bad Gateway"));
}

TEST_CASE("a hostile proxy is given up", "[net][proxy]") {
    CHECK(refusal("").kind() == Kind::io);
    CHECK(refusal("HTTP/1.1 200 OK\r\nX:").kind() == Kind::io);
    CHECK(refusal("220 smtp.example.com ESMTP\r\n\r\n").kind() == Kind::invalid);
    CHECK(refusal("HTTP/1.1 2000 OK\r\n\r\n").kind() == Kind::invalid);
    CHECK(refusal("HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\nhello").kind() == Kind::invalid);
    CHECK(refusal("HTTP/1.1 200 OK\r\nX: " + std::string(1 << 20, 'x')).kind() == Kind::too_large);
    std::string endless;
    for (int i = 0; i < 10000; ++i) endless += "HTTP/1.1 100 Continue\r\n\r\n";
    CHECK(refusal(endless).kind() != Kind::timeout);
}

TEST_CASE("a proxy that does not answer is given up in time", "[net][proxy]") {
    const auto be_silent = [](Tcp::socket socket) -> async::Task<> {
        co_await async::forever();
        socket.close();
    };
    Peer peer(be_silent);
    net::ClientOptions options;
    options.url = {"ws", "server.example", 80, "/"};
    options.limits = brief();
    options.proxy = proxy_at(peer.port);
    const auto socket = run(peer.io, connect(options));
    REQUIRE_FALSE(socket);
    CHECK(socket.error().kind() == Kind::timeout);
    CHECK_THAT(socket.error().message(), Catch::StartsWith("proxy '127.0.0.1:"));
}
