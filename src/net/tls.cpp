#include "net/tls.hpp"

#include <openssl/x509v3.h>

#include <array>
#include <boost/asio/ssl.hpp>

#include "net/errors.hpp"
#include "net/tls_context.hpp"

namespace net {
namespace {

namespace asio = async::asio;
namespace ssl = async::asio::ssl;
using base::Error;
using base::Kind;
using base::Result;
using boost::system::error_code;

int alert_index() {
    static const int index = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, nullptr);
    return index;
}

/// From here on, for `fatal_alert`: a shutdown takes every alert of the peer for its end.
void watch_alerts(SSL* connection) {
    SSL_set_info_callback(connection, [](const SSL* of, int where, int alert) {
        const bool is_fatal = where == SSL_CB_READ_ALERT && (alert >> 8) == SSL3_AL_FATAL;
        if (is_fatal)
            SSL_set_ex_data(const_cast<SSL*>(of), alert_index(), reinterpret_cast<void*>(intptr_t(alert & 0xff)));
    });
}

/// As a read has it.
error_code fatal_alert(SSL* connection) {
    const auto alert = reinterpret_cast<intptr_t>(SSL_get_ex_data(connection, alert_index()));
    if (alert == 0) return {};
    return {static_cast<int>(ERR_PACK(ERR_LIB_SSL, 0, SSL_AD_REASON_OFFSET + alert)), asio::error::get_ssl_category()};
}

/// Over a Stream of any kind: TLS inside the TLS to a proxy is this over this.
class TlsLayer final : public Layer {
public:
    TlsLayer(Stream beneath, ssl::context& context) : tls_(std::move(beneath), context) {}

    ssl::stream<Stream>& tls() { return tls_; }
    Tcp::socket& tcp() override { return tls_.next_layer().tcp(); }
    void read_some(const Room& room, Completion done) override { tls_.async_read_some(room, std::move(done)); }
    void write_some(const Pieces& pieces, Completion done) override { tls_.async_write_some(pieces, std::move(done)); }
    async::Task<error_code> shut_down() override {
        watch_alerts(tls_.native_handle());
        const auto [failed] = co_await tls_.async_shutdown(async::as_result);
        // What cannot be written may still have been answered.
        std::array<char, 64> rest{};
        if (failed) co_await tls_.async_read_some(asio::buffer(rest), async::as_result);
        co_await tls_.next_layer().shut_down();
        co_return fatal_alert(tls_.native_handle());
    }

private:
    ssl::stream<Stream> tls_;
};

bool is_address(const std::string& name) {
    error_code code;
    asio::ip::make_address(name, code);
    return !code;
}

/// Asks for the server `name`, and has the library hold its certificate against that.
Result<void> expect_server(SSL* connection, const std::string& name, bool verify) {
    SSL_set_verify(connection, verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nullptr);
    X509_VERIFY_PARAM* parameters = SSL_get0_param(connection);
    // An address is not a name to ask for (RFC 6066, 3), and stands in another field of the certificate.
    const bool is_set = is_address(name) ? X509_VERIFY_PARAM_set1_ip_asc(parameters, name.c_str()) == 1
                                         : SSL_set_tlsext_host_name(connection, name.c_str()) == 1 &&
                                               X509_VERIFY_PARAM_set1_host(parameters, name.c_str(), name.size()) == 1;
    if (!is_set) return Error(Kind::invalid, "'" + name + "' is not a name that a certificate can have");
    return {};
}

std::string verification_failure(long result, const std::string& name) {
    switch (result) {
    case X509_V_ERR_CERT_HAS_EXPIRED: return "certificate has expired";
    case X509_V_ERR_CERT_NOT_YET_VALID: return "certificate is not valid yet";
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH: return "certificate is not valid for host '" + name + "'";
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT:
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
    case X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE:
    case X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN:
    case X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT:
    case X509_V_ERR_CERT_UNTRUSTED: return "certificate signed by an unknown authority";
    default: return std::string("certificate refused: ") + X509_verify_cert_error_string(result);
    }
}

Error handshake_error(SSL* connection, const error_code& code, const std::string& name) {
    const long result = SSL_get_verify_result(connection);
    if (result != X509_V_OK && SSL_get_verify_mode(connection) != SSL_VERIFY_NONE)
        return {Kind::invalid, verification_failure(result, name)};
    if (code == asio::error::eof || code == ssl::error::stream_truncated)
        return {Kind::io, "the peer closed the connection during the TLS handshake"};
    return network_error(code);
}

/// The authorities have done their work: a system's worth of them is more than all else of a connection.
void forget_authorities(SSL* connection) {
    SSL_CTX_set_cert_store(SSL_get_SSL_CTX(connection), X509_STORE_new());
}

}  // namespace

async::Task<Result<Stream>> start_tls(Stream stream, const TlsOptions& options, const std::string& host) {
    auto context = make_client_context(options);
    if (!context) co_return std::move(context).error();
    auto layer = std::make_unique<TlsLayer>(std::move(stream), *context);
    SSL* const connection = layer->tls().native_handle();
    const std::string& name = options.server_name_override.empty() ? host : options.server_name_override;
    if (auto expected = expect_server(connection, name, !options.insecure_skip_verify); !expected)
        co_return std::move(expected).error();
    const auto [code] = co_await layer->tls().async_handshake(ssl::stream_base::client, async::as_result);
    if (code) co_return handshake_error(connection, code, name);
    forget_authorities(connection);
    co_return Stream(std::move(layer));
}

}  // namespace net
