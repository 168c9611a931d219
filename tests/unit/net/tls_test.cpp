// TLS against servers that are good, wrong, expired, unknown or demanding.
#include "tls_rig.hpp"

using namespace net_test;

namespace {

/// Accepts a WebSocket, sends one message and expects the Close of the client.
async::Task<> send_one_message(Tcp::socket socket, std::shared_ptr<ssl::context> context, std::string& received) {
    Stream stream(std::move(socket), *context);
    if (!co_await handshake(stream)) co_return;
    const auto head = co_await read_head_over(stream);
    const auto bytes = upgrade_answer(head) + frame(0x82, "over TLS");
    co_await asio::async_write(stream, asio::buffer(bytes), async::as_result);
    received.resize(8);
    co_await asio::async_read(stream, asio::buffer(received), async::as_result);
    const auto goodbye = frame(0x88, "\x03\xe8");
    co_await asio::async_write(stream, asio::buffer(goodbye), async::as_result);
    co_await stream.async_shutdown(async::as_result);
}

}  // namespace

TEST_CASE("a server whose certificate is good is talked to", "[net][tls]") {
    const auto by_address = make_identity(authority(), "IP:127.0.0.1");
    const auto by_name = make_identity(authority(), "DNS:localhost");
    CHECK(outcome(get(by_address, trusting(authority()))) == "hello");
    CHECK(outcome(get(by_name, trusting(authority()), "localhost")) == "hello");
}

TEST_CASE("a certificate that is not good is refused in clear words", "[net][tls]") {
    struct Row {
        const char* name;
        Identity identity;
        net::TlsOptions tls;
        const char* error;
    };
    const Identity stranger = make_authority("a stranger");
    const auto row = GENERATE_COPY(values<Row>({
        {"wrong name", make_identity(authority(), "DNS:example.com"), trusting(authority()),
         "certificate is not valid for host 'localhost'"},
        {"an address is not a name", make_identity(authority(), "IP:127.0.0.1"), trusting(authority()),
         "certificate is not valid for host 'localhost'"},
        {"expired", make_identity(authority(), "DNS:localhost", {-7200, -3600}), trusting(authority()),
         "certificate has expired"},
        {"not yet valid", make_identity(authority(), "DNS:localhost", {3600, 7200}), trusting(authority()),
         "certificate is not valid yet"},
        {"another authority", make_identity(stranger, "DNS:localhost"), trusting(authority()),
         "certificate signed by an unknown authority"},
        {"not among the system's authorities",
         make_identity(authority(), "DNS:localhost"),
         {},
         "certificate signed by an unknown authority"},
        {"self-signed", stranger, trusting(authority()), "certificate signed by an unknown authority"},
    }));
    DYNAMIC_SECTION(row.name) {
        const auto result = get(row.identity, row.tls, "localhost");
        CHECK(outcome(result) == row.error);
        REQUIRE_FALSE(result);
        CHECK(result.error().kind() == Kind::invalid);
    }
}

TEST_CASE("verification is skipped only when asked", "[net][tls]") {
    net::TlsOptions tls;
    tls.insecure_skip_verify = true;
    CHECK(outcome(get(make_identity(authority(), "DNS:example.com", {-7200, -3600}), tls)) == "hello");
}

TEST_CASE("another server name can be expected", "[net][tls]") {
    auto tls = trusting(authority());
    tls.server_name_override = "example.com";
    CHECK(outcome(get(make_identity(authority(), "DNS:example.com"), tls)) == "hello");
    CHECK(outcome(get(make_identity(authority(), "IP:127.0.0.1"), tls)) ==
          "certificate is not valid for host 'example.com'");
}

TEST_CASE("the server is asked for by name, and never by address", "[net][tls]") {
    std::string asked_for = "nothing";
    const auto context = server_context(make_identity(authority(), "DNS:localhost,IP:127.0.0.1"));
    const auto remember = [](SSL* connection, int*, void* asked) {
        const char* name = SSL_get_servername(connection, TLSEXT_NAMETYPE_host_name);
        *static_cast<std::string*>(asked) = name == nullptr ? "" : name;
        return SSL_TLSEXT_ERR_OK;
    };
    SSL_CTX_set_tlsext_servername_callback(context->native_handle(), +remember);
    SSL_CTX_set_tlsext_servername_arg(context->native_handle(), &asked_for);
    Peer peer(greets(context));
    auto options = peer.options("https");
    options.tls = trusting(authority());
    CHECK(outcome(run(peer.io, net::http_get(options))) == "hello");
    CHECK(asked_for.empty());
    options.url.host = "localhost";
    CHECK(outcome(run(peer.io, net::http_get(options))) == "hello");
    CHECK(asked_for == "localhost");
}

TEST_CASE("a server that requires a client certificate gets it", "[net][tls]") {
    const Folder folder;
    const auto client = make_identity(authority(), "DNS:client");
    const int version = GENERATE(TLS1_2_VERSION, TLS1_3_VERSION);
    const auto context = server_context(make_identity(authority(), "IP:127.0.0.1"));
    context->add_certificate_authority(asio::buffer(authority().certificate));
    context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
    SSL_CTX_set_max_proto_version(context->native_handle(), version);
    Peer peer(greets(context));
    auto options = peer.options("https");
    options.tls = trusting(authority());

    const auto refused = run(peer.io, net::http_get(options));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind() == Kind::refused);
    CHECK_THAT(refused.error().message(), Catch::Contains("require") && Catch::Contains("client certificate"));

    options.tls.cert_file = folder.add("client.pem", client.certificate);
    options.tls.key_file = folder.add("client.key", client.key);
    CHECK(outcome(run(peer.io, net::http_get(options))) == "hello");
}

TEST_CASE("a server without TLS is said to be one", "[net][tls]") {
    const auto talk_plainly = [](Tcp::socket socket) -> async::Task<> {
        co_await send(socket, "HTTP/1.1 400 Bad Request\r\n\r\n");
        co_await read_all(socket);
    };
    Peer plain(talk_plainly);
    const auto result = run(plain.io, net::http_get(plain.options("https")));
    CHECK(outcome(result) == "the peer does not speak TLS");
}

TEST_CASE("a server that hangs up or is silent during the TLS handshake", "[net][tls]") {
    const auto hang_up = [](Tcp::socket socket) -> async::Task<> {
        char byte = 0;
        co_await socket.async_read_some(asio::buffer(&byte, 1), async::as_result);
        socket.shutdown(Tcp::socket::shutdown_send);
        co_await read_all(socket);
    };
    Peer impatient(hang_up);
    CHECK(outcome(run(impatient.io, net::http_get(impatient.options("https")))) ==
          "the peer closed the connection during the TLS handshake");

    const auto be_silent = [](Tcp::socket socket) -> async::Task<> {
        co_await async::forever();
        socket.close();
    };
    Peer silent(be_silent);
    const auto result = run(silent.io, net::http_get(silent.options("https", brief())));
    REQUIRE_FALSE(result);
    CHECK(result.error().kind() == Kind::timeout);
}

TEST_CASE("a WebSocket over TLS is read, and closed in order", "[net][tls]") {
    std::string received;
    const auto context = server_context(make_identity(authority(), "IP:127.0.0.1"));
    Peer peer([&](Tcp::socket socket) { return send_one_message(std::move(socket), context, received); });
    const auto talk = [](net::ClientOptions options) -> async::Task<std::string> {
        auto socket = co_await connect(options);
        if (!socket) co_return socket.error().message();
        auto message = co_await (*socket)->read();
        co_await (*socket)->close(CloseCode::normal, "");
        co_return message ? *message : message.error().message();
    };
    net::Limits limits;
    limits.close = 1h;  // so that closing ends by the peer's answer, or not at all
    auto options = peer.options("wss", limits);
    options.tls = trusting(authority());
    CHECK(run(peer.io, talk(options)) == "over TLS");
    CHECK_THAT(received, Catch::StartsWith("\x88\x82"));
}
