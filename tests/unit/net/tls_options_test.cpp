// What a client is told of TLS: authorities, certificates, versions, cipher suites.
#include "tls_rig.hpp"

using namespace net_test;

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

TEST_CASE("an authority may come from a file, beside the system's", "[net][tls]") {
    const Folder folder;
    net::TlsOptions tls;
    tls.ca_file = folder.add("ca.pem", authority().certificate);
    tls.include_system_ca_certs_pool = GENERATE(false, true);
    CHECK(outcome(get(make_identity(authority(), "IP:127.0.0.1"), tls)) == "hello");
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
