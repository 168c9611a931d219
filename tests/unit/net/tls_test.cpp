// TLS against servers that are good, wrong, expired, unknown or demanding.
#include <boost/asio/ssl.hpp>

#include "certificates.hpp"
#include "rig.hpp"
#include "support/temp_folder.hpp"

using namespace net_test;
namespace ssl = asio::ssl;

namespace {

using Stream = ssl::stream<Tcp::socket>;

std::shared_ptr<ssl::context> server_context(const Identity& identity) {
    auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
    context->use_certificate_chain(asio::buffer(identity.certificate));
    context->use_private_key(asio::buffer(identity.key), ssl::context::pem);
    return context;
}

/// The TLS handshake, and whether it went well; what follows a failure is read, so that our alert arrives.
async::Task<bool> handshake(Stream& stream) {
    const auto [code] = co_await stream.async_handshake(ssl::stream_base::server, async::as_result);
    if (!code) co_return true;
    stream.next_layer().shutdown(Tcp::socket::shutdown_send);
    co_await read_all(stream.next_layer());
    co_return false;
}

async::Task<std::string> read_head_over(Stream& stream) {
    std::string head;
    co_await asio::async_read_until(stream, asio::dynamic_buffer(head), "\r\n\r\n", async::as_result);
    co_return head;
}

async::Task<> greet(Tcp::socket socket, std::shared_ptr<ssl::context> context) {
    Stream stream(std::move(socket), *context);
    if (!co_await handshake(stream)) co_return;
    co_await read_head_over(stream);
    const std::string answer = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello";
    co_await asio::async_write(stream, asio::buffer(answer), async::as_result);
    co_await stream.async_shutdown(async::as_result);
}

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

Script greets(std::shared_ptr<ssl::context> context) {
    return [context](Tcp::socket socket) { return greet(std::move(socket), context); };
}

/// http_get from a server with this identity, trusting `authority`, as `host`.
base::Result<net::HttpResponse> get(const Identity& identity, net::TlsOptions tls,
                                    const std::string& host = "127.0.0.1") {
    Peer peer(greets(server_context(identity)));
    auto options = peer.options("https");
    options.url.host = host;
    options.tls = std::move(tls);
    return run(peer.io, net::http_get(options));
}

net::TlsOptions trusting(const Identity& authority) {
    net::TlsOptions tls;
    tls.ca_pem = authority.certificate;
    return tls;
}

/// The error's text, or the body.
std::string outcome(const base::Result<net::HttpResponse>& result) {
    return result ? result->body : result.error().message();
}

struct Folder : support::TempFolder {
    std::string add(const std::string& name, const std::string& content) const {
        const auto file = *this / name;
        support::write(file, content);
        return file.string();
    }
};

const Identity& authority() {
    static const Identity identity = make_authority("an authority");
    return identity;
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

TEST_CASE("an authority may come from a file, beside the system's", "[net][tls]") {
    const Folder folder;
    net::TlsOptions tls;
    tls.ca_file = folder.add("ca.pem", authority().certificate);
    tls.include_system_ca_certs_pool = GENERATE(false, true);
    CHECK(outcome(get(make_identity(authority(), "IP:127.0.0.1"), tls)) == "hello");
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

TEST_CASE("files that cannot be used are named", "[net][tls]") {
    const Folder folder;
    const auto client = make_identity(authority(), "DNS:client");
    const auto other = make_identity(authority(), "DNS:other");
    const auto certificate = folder.add("client.pem", client.certificate);
    const auto key = folder.add("client.key", client.key);
    const auto other_key = folder.add("other.key", other.key);
    const auto nonsense = folder.add("nonsense.pem", "nonsense");
    const auto missing = (folder / "missing.pem").string();
    struct Row {
        const char* name;
        net::TlsOptions tls;
        std::string named;
    };
    const auto files = [](std::string ca, std::string cert, std::string own_key) {
        net::TlsOptions tls;
        tls.ca_file = std::move(ca);
        tls.cert_file = std::move(cert);
        tls.key_file = std::move(own_key);
        return tls;
    };
    const std::vector<Row> rows{
        {"no CA file", files(missing, "", ""), missing},
        {"no CA in the file", files(nonsense, "", ""), nonsense},
        {"no certificate file", files("", missing, key), missing},
        {"no certificate in the file", files("", nonsense, key), nonsense},
        {"no key file", files("", certificate, missing), missing},
        {"no key in the file", files("", certificate, nonsense), nonsense},
        {"the key of another certificate", files("", certificate, other_key), other_key},
        {"a certificate without a key", files("", certificate, ""), "without a key"},
        {"a key without a certificate", files("", "", key), "without a certificate"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const auto result = get(client, row.tls);
        REQUIRE_FALSE(result);
        CHECK(result.error().kind() == Kind::invalid);
        CHECK_THAT(result.error().message(), Catch::Contains(row.named));
    }
}

TEST_CASE("TLS versions are held to", "[net][tls]") {
    const auto identity = make_identity(authority(), "IP:127.0.0.1");
    auto tls = trusting(authority());
    tls.min_version = "1.3";
    CHECK(outcome(get(identity, tls)) == "hello");

    const auto context = server_context(identity);
    SSL_CTX_set_max_proto_version(context->native_handle(), TLS1_2_VERSION);
    Peer peer(greets(context));
    auto options = peer.options("https");
    options.tls = tls;
    const auto refused = run(peer.io, net::http_get(options));
    CHECK(outcome(refused) == "no TLS version in common with the peer");

    tls.min_version = "1.1";
    CHECK(outcome(get(identity, tls)) == "TLS version '1.1' is not supported");
    tls.min_version = "1.3";
    tls.max_version = "1.2";
    CHECK_FALSE(get(identity, tls));
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

namespace {

/// The names of the suites that a client with these options offers, as the server sees them.
std::vector<std::string> offered_suites(net::TlsOptions tls) {
    std::vector<std::string> names;
    const auto context = server_context(make_identity(authority(), "IP:127.0.0.1"));
    const auto remember = [](SSL* connection, int*, void* into) {
        const unsigned char* bytes = nullptr;
        const auto size = SSL_client_hello_get0_ciphers(connection, &bytes);
        for (std::size_t i = 0; i + 1 < size; i += 2)
            if (const SSL_CIPHER* suite = SSL_CIPHER_find(connection, bytes + i))
                static_cast<std::vector<std::string>*>(into)->push_back(SSL_CIPHER_standard_name(suite));
        std::erase(*static_cast<std::vector<std::string>*>(into), "TLS_EMPTY_RENEGOTIATION_INFO_SCSV");  // a signal
        return SSL_CLIENT_HELLO_SUCCESS;
    };
    SSL_CTX_set_client_hello_cb(context->native_handle(), +remember, &names);
    Peer peer(greets(context));
    auto options = peer.options("https");
    options.tls = std::move(tls);
    CHECK(outcome(run(peer.io, net::http_get(options))) == "hello");
    return names;
}

net::TlsOptions with_suites(std::vector<std::string> names) {
    auto tls = trusting(authority());
    tls.cipher_suites = std::move(names);
    return tls;
}

bool is_for_1_3(const std::string& name) {
    return name.starts_with("TLS_AES_") || name.starts_with("TLS_CHACHA20_");
}

}  // namespace

TEST_CASE("[CONN-26] only the named cipher suites are offered, by either name", "[net][tls]") {
    const std::string iana = "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256";
    for (const auto& names :
         {std::vector<std::string>{iana}, std::vector<std::string>{"ECDHE-ECDSA-AES128-GCM-SHA256"}}) {
        auto offered = offered_suites(with_suites(names));
        std::erase_if(offered, is_for_1_3);
        CHECK(offered == std::vector<std::string>{iana});
    }
    CHECK(offered_suites(with_suites({"TLS_AES_256_GCM_SHA384"})) ==
          std::vector<std::string>{"TLS_AES_256_GCM_SHA384"});
    CHECK(offered_suites(with_suites({})).size() > 3);
}

TEST_CASE("[CONN-26] a suite that is unknown, or protects nothing, is refused", "[net][tls]") {
    for (const char* name :
         {"TLS_NONSENSE", "", "NULL-SHA256", "ADH-AES128-SHA", "ALL", "TLS_DH_anon_WITH_AES_128_CBC_SHA"}) {
        CAPTURE(name);
        const auto checked = net::check_tls(with_suites({"TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256", name}));
        REQUIRE_FALSE(checked);
        CHECK(checked.error().kind() == Kind::invalid);
        CHECK_THAT(checked.error().message(), Catch::Contains("'" + std::string(name) + "'"));
    }
    auto none_left = with_suites({"TLS_AES_256_GCM_SHA384"});
    none_left.max_version = "1.2";
    CHECK_FALSE(net::check_tls(none_left));
}

TEST_CASE("[CONN-24] [CONN-25] TLS versions have two spellings", "[net][tls]") {
    for (const char* version : {"1.2", "TLSv1.2", "1.3", "TLSv1.3"}) {
        net::TlsOptions tls;
        tls.min_version = tls.max_version = version;
        CHECK(net::check_tls(tls));
    }
    for (const char* version : {"TLS1.2", "TLSv1.1", "1.4", "TLSv", "x"}) {
        net::TlsOptions tls;
        tls.min_version = version;
        CHECK_FALSE(net::check_tls(tls));
    }
}

TEST_CASE("[CONN-21] [CONN-32] certificates given as text are checked before they are used", "[net][tls]") {
    const auto client = make_identity(authority(), "DNS:client");
    const auto other = make_identity(authority(), "DNS:other");
    const auto check = [&](const std::string& ca, const std::string& certificate, const std::string& key) {
        net::TlsOptions tls;
        tls.ca_pem = ca;
        tls.cert_pem = certificate;
        tls.key_pem = key;
        return net::check_tls(tls);
    };
    const std::string ca = authority().certificate;
    CHECK(check(ca, client.certificate, client.key));
    CHECK(check("", "", ""));
    CHECK_FALSE(check("nonsense", client.certificate, client.key));
    CHECK_FALSE(check(ca, "nonsense", client.key));
    CHECK_FALSE(check(ca, client.certificate, "nonsense"));
    CHECK_FALSE(check(ca, client.certificate, other.key));
    CHECK_FALSE(check(ca, client.certificate, ""));
    CHECK_FALSE(check(ca, "", client.key));
}

TEST_CASE("files are read again for each connection", "[net][tls]") {
    const Folder folder;
    Peer peer(greets(server_context(make_identity(authority(), "IP:127.0.0.1"))));
    auto options = peer.options("https");
    options.tls.ca_file = folder.add("ca.pem", make_authority("a stranger").certificate);
    CHECK(outcome(run(peer.io, net::http_get(options))) == "certificate signed by an unknown authority");
    folder.add("ca.pem", authority().certificate);
    CHECK(outcome(run(peer.io, net::http_get(options))) == "hello");
}
