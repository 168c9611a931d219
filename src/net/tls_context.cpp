#include "net/tls_context.hpp"

#include <optional>

#include "base/files.hpp"
#include "net/cipher_suites.hpp"

namespace net {
namespace {

namespace ssl = boost::asio::ssl;
using base::Error;
using base::Kind;
using base::Result;
using boost::system::error_code;

Error invalid(std::string message) {
    return {Kind::invalid, std::move(message)};
}

/// The library's words for what it did not like.
std::string reason(const error_code& code) {
    return code.message();
}

Result<std::string> read_pem(const std::string& file) {
    auto text = base::read_file(file, 16u << 20);
    if (!text) return invalid(text.error().message());
    return text;
}

std::optional<int> protocol_version(std::string_view version) {
    if (version.starts_with("TLSv")) version.remove_prefix(4);
    if (version == "1.2") return TLS1_2_VERSION;
    if (version == "1.3") return TLS1_3_VERSION;
    return std::nullopt;
}

Result<void> limit_versions(ssl::context& context, const TlsOptions& options) {
    const auto lowest = protocol_version(options.min_version.empty() ? "1.2" : options.min_version);
    if (!lowest) return invalid("TLS version '" + options.min_version + "' is not supported").hint("write 1.2 or 1.3");
    const auto highest = protocol_version(options.max_version.empty() ? "1.3" : options.max_version);
    if (!highest) return invalid("TLS version '" + options.max_version + "' is not supported").hint("write 1.2 or 1.3");
    if (*highest < *lowest) return invalid("the highest TLS version is lower than the lowest");
    SSL_CTX_set_min_proto_version(context.native_handle(), *lowest);
    SSL_CTX_set_max_proto_version(context.native_handle(), *highest);
    return {};
}

Result<void> trust(ssl::context& context, const std::string& pem, const std::string& origin) {
    error_code code;
    context.add_certificate_authority(boost::asio::buffer(pem), code);
    if (code) return invalid(origin + " has no certificate that can be read: " + reason(code));
    return {};
}

Result<void> load_authorities(ssl::context& context, const TlsOptions& options) {
    const bool has_own = !options.ca_file.empty() || !options.ca_pem.empty();
    error_code code;
    if (!has_own || options.include_system_ca_certs_pool) context.set_default_verify_paths(code);
    if (code) return invalid("the system's certificate authorities cannot be read: " + reason(code));
    if (!options.ca_file.empty()) {
        const auto pem = read_pem(options.ca_file);
        if (!pem) return pem.error();
        if (auto trusted = trust(context, *pem, "'" + options.ca_file + "'"); !trusted) return trusted;
    }
    if (options.ca_pem.empty()) return {};
    return trust(context, options.ca_pem, "the CA given as text");
}

/// An encrypted key cannot be used: OpenSSL would ask for its password on the terminal.
std::string no_password(std::size_t, ssl::context::password_purpose) {
    return {};
}

/// PEM text, and what to call it.
struct Pem {
    std::string text;
    std::string name;
};

Result<Pem> pem_of(const std::string& text, const std::string& file, const char* name) {
    if (!text.empty()) return Pem{text, name};
    auto read = read_pem(file);
    if (!read) return std::move(read).error();
    return Pem{std::move(*read), "'" + file + "'"};
}

Result<void> load_certificate(ssl::context& context, const TlsOptions& options) {
    const bool has_certificate = !options.cert_file.empty() || !options.cert_pem.empty();
    const bool has_key = !options.key_file.empty() || !options.key_pem.empty();
    if (!has_certificate && !has_key) return {};
    if (!has_certificate) return invalid("a client key without a certificate").hint("give cert_file too");
    if (!has_key) return invalid("a client certificate without a key").hint("give key_file too");
    const auto certificate = pem_of(options.cert_pem, options.cert_file, "the client certificate given as text");
    if (!certificate) return certificate.error();
    const auto key = pem_of(options.key_pem, options.key_file, "the client key given as text");
    if (!key) return key.error();

    error_code code;
    context.use_certificate_chain(boost::asio::buffer(certificate->text), code);
    if (code) return invalid(certificate->name + " has no certificate that can be used: " + reason(code));
    context.set_password_callback(no_password, code);
    context.use_private_key(boost::asio::buffer(key->text), ssl::context::pem, code);
    if (code) return invalid(key->name + " has no key for " + certificate->name + ": " + reason(code));
    return {};
}

}  // namespace

Result<ssl::context> make_client_context(const TlsOptions& options) {
    ssl::context context(ssl::context::tls_client);
    SSL_CTX_set_options(context.native_handle(), SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_session_cache_mode(context.native_handle(), SSL_SESS_CACHE_OFF);
    if (auto limited = limit_versions(context, options); !limited) return std::move(limited).error();
    if (!options.insecure_skip_verify)
        if (auto loaded = load_authorities(context, options); !loaded) return std::move(loaded).error();
    if (auto loaded = load_certificate(context, options); !loaded) return std::move(loaded).error();
    if (auto limited = limit_cipher_suites(context.native_handle(), options); !limited)
        return std::move(limited).error();
    return context;
}

Result<void> check_tls(const TlsOptions& options) {
    if (auto context = make_client_context(options); !context) return std::move(context).error();
    return {};
}

}  // namespace net
