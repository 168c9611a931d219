#include "net/cipher_suites.hpp"

#include <openssl/ssl.h>

#include <string_view>

namespace net {
namespace {

using base::Error;
using base::Kind;
using base::Result;

// All that a client may be told to use: what does without certificates or encryption is not among them.
constexpr const char* kAcceptable = "ALL:!aNULL:!eNULL";

const SSL_CIPHER* find_suite(SSL_CTX* context, std::string_view name) {
    const STACK_OF(SSL_CIPHER)* known = SSL_CTX_get_ciphers(context);
    for (int i = 0; i < sk_SSL_CIPHER_num(known); ++i) {
        const SSL_CIPHER* suite = sk_SSL_CIPHER_value(known, i);
        const char* standard_name = SSL_CIPHER_standard_name(suite);
        if (name == SSL_CIPHER_get_name(suite) || (standard_name != nullptr && name == standard_name)) return suite;
    }
    return nullptr;
}

bool is_for_1_3(const SSL_CIPHER* suite) {
    return std::string_view(SSL_CIPHER_get_version(suite)) == "TLSv1.3";
}

}  // namespace

Result<void> limit_cipher_suites(SSL_CTX* context, const TlsOptions& options) {
    if (options.cipher_suites.empty()) return {};
    SSL_CTX_set_cipher_list(context, kAcceptable);
    std::string for_1_2;
    std::string for_1_3;
    for (const std::string& name : options.cipher_suites) {
        const SSL_CIPHER* suite = find_suite(context, name);
        if (suite == nullptr)
            return Error(Kind::invalid, "the cipher suite '" + name + "' is not known")
                .hint("write a name of IANA, as TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256");
        (is_for_1_3(suite) ? for_1_3 : for_1_2).append(SSL_CIPHER_get_name(suite)).append(":");
    }
    if (!for_1_3.empty()) SSL_CTX_set_ciphersuites(context, for_1_3.c_str());
    if (!for_1_2.empty()) {
        SSL_CTX_set_cipher_list(context, for_1_2.c_str());
        return {};
    }
    if (SSL_CTX_get_max_proto_version(context) == TLS1_2_VERSION)
        return Error(Kind::invalid, "no cipher suite of TLS 1.2 is named, and no higher version may be used");
    SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
    return {};
}

}  // namespace net
