#include "net/certificate_authority.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>

#include "net/openssl_owned.hpp"

namespace net {
namespace {

using base::Error;
using base::Kind;
using base::Result;

using Extension = std::unique_ptr<X509_EXTENSION, FreedBy<X509_EXTENSION_free>>;

constexpr std::size_t kLongestPem = 64 << 10;
constexpr int kLeastSecurityBits = 112;  ///< RSA from 2048 bits, and every common curve.
constexpr std::chrono::minutes kClockSkew{5};

Error invalid(std::string message) {
    ERR_clear_error();
    return {Kind::invalid, std::move(message)};
}

Bio memory(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(std::min(text.size(), kLongestPem))));
}

/// Keys with a password cannot be used: OpenSSL would ask for it on the terminal.
int no_password(char*, int, int, void*) {
    return -1;
}

Certificate read_certificate(const std::string& pem) {
    return Certificate(PEM_read_bio_X509(memory(pem).get(), nullptr, no_password, nullptr));
}

Key read_key(const std::string& pem) {
    return Key(PEM_read_bio_PrivateKey(memory(pem).get(), nullptr, no_password, nullptr));
}

std::string to_pem(X509* certificate) {
    const Bio bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate);
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &bytes);
    return {bytes, static_cast<std::size_t>(size)};
}

/// Every text in the subject: a UUID may stand in any of its fields.
std::vector<std::string> texts_of(const X509_NAME* name) {
    std::vector<std::string> texts;
    for (int i = 0; i < X509_NAME_entry_count(name); ++i) {
        const ASN1_STRING* value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, i));
        unsigned char* utf8 = nullptr;
        const int size = ASN1_STRING_to_UTF8(&utf8, value);
        if (size >= 0) texts.emplace_back(reinterpret_cast<char*>(utf8), static_cast<std::size_t>(size));
        OPENSSL_free(utf8);
    }
    return texts;
}

Result<void> check_names(const X509_REQ* request, const std::vector<base::Uuid>& allowed) {
    for (const std::string& text : texts_of(X509_REQ_get_subject_name(request))) {
        const auto named = base::Uuid::parse(text);
        if (!named || std::find(allowed.begin(), allowed.end(), *named) != allowed.end()) continue;
        return Error(Kind::refused, "the certificate request names the agent " + named->text() + ", and comes from " +
                                        allowed.front().text());
    }
    return {};
}

/// The request, once it is known that its sender has the key.
Result<Request> checked_request(const std::string& pem) {
    if (pem.size() > kLongestPem) return invalid("the certificate request is longer than 64 KiB");
    Request request(PEM_read_bio_X509_REQ(memory(pem).get(), nullptr, no_password, nullptr));
    if (!request) return invalid("the certificate request is not a PKCS #10 request in PEM");
    EVP_PKEY* key = X509_REQ_get0_pubkey(request.get());
    if (key == nullptr) return invalid("the certificate request has no key that can be read");
    if (X509_REQ_verify(request.get(), key) != 1)
        return invalid("the signature of the certificate request is not by the key in it");
    if (EVP_PKEY_get_security_bits(key) < kLeastSecurityBits)
        return invalid("the key in the certificate request is too weak").hint("RSA takes 2048 bits or more");
    return request;
}

bool extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
    const Extension extension(X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str()));
    return extension && X509_add_ext(certificate, extension.get(), -1) == 1;
}

bool set_serial(X509* certificate) {
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1) return false;
    bytes[0] = static_cast<unsigned char>((bytes[0] & 0x7F) | 0x40);  // positive, and never zero
    BIGNUM* number = BN_bin2bn(bytes, sizeof bytes, nullptr);
    const bool is_set = number != nullptr && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate)) != nullptr;
    BN_free(number);
    return is_set;
}

std::time_t to_time(std::chrono::system_clock::time_point time) {
    return std::chrono::system_clock::to_time_t(time);
}

bool sign(X509* certificate, EVP_PKEY* key) {
    int ignored = 0;
    const bool chooses_digest = EVP_PKEY_get_default_digest_nid(key, &ignored) == 2 && ignored == NID_undef;  // Ed25519
    return X509_sign(certificate, key, chooses_digest ? nullptr : EVP_sha256()) > 0;
}

bool verifies(X509* certificate, const std::string& ca_pem) {
    const std::unique_ptr<X509_STORE, FreedBy<X509_STORE_free>> store(X509_STORE_new());
    const Bio bio = memory(ca_pem);
    while (const Certificate ca{PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr)})
        X509_STORE_add_cert(store.get(), ca.get());
    const std::unique_ptr<X509_STORE_CTX, FreedBy<X509_STORE_CTX_free>> context(X509_STORE_CTX_new());
    X509_STORE_CTX_init(context.get(), store.get(), certificate, nullptr);
    X509_STORE_CTX_set_flags(context.get(), X509_V_FLAG_PARTIAL_CHAIN);
    const bool is_valid = X509_verify_cert(context.get()) == 1;
    ERR_clear_error();
    return is_valid;
}

}  // namespace

struct CertificateAuthority::State {
    Certificate certificate;
    Key key;
    std::string pem;
    std::chrono::seconds lifetime;
};

CertificateAuthority::CertificateAuthority(std::unique_ptr<State> state) : state_(std::move(state)) {}
CertificateAuthority::~CertificateAuthority() = default;

Result<std::unique_ptr<CertificateAuthority>> CertificateAuthority::load(const std::string& certificate_pem,
                                                                         const std::string& key_pem,
                                                                         std::chrono::seconds lifetime) {
    auto state = std::make_unique<State>();
    state->certificate = read_certificate(certificate_pem);
    if (!state->certificate) return invalid("the CA's certificate cannot be read").hint("give it as PEM");
    state->key = read_key(key_pem);
    if (!state->key) return invalid("the CA's key cannot be read").hint("give it as PEM, without a password");
    if (X509_check_private_key(state->certificate.get(), state->key.get()) != 1)
        return invalid("the CA's key is not that of its certificate");
    if (X509_check_ca(state->certificate.get()) == 0) return invalid("the certificate is not that of a CA");
    state->pem = to_pem(state->certificate.get());
    state->lifetime = lifetime;
    return std::unique_ptr<CertificateAuthority>(new CertificateAuthority(std::move(state)));
}

const std::string& CertificateAuthority::certificate() const {
    return state_->pem;
}

Result<std::string> CertificateAuthority::issue(const std::string& csr_pem, const std::vector<base::Uuid>& allowed,
                                                const base::Uuid& subject,
                                                std::chrono::system_clock::time_point now) const {
    const auto request = checked_request(csr_pem);
    if (!request) return request.error();
    if (auto checked = check_names(request->get(), allowed); !checked) return std::move(checked).error();
    X509* ca = state_->certificate.get();
    const std::time_t end = to_time(now) + state_->lifetime.count();  // beyond what the clock counts to, perhaps
    std::time_t at_now = to_time(now);
    if (X509_cmp_time(X509_get0_notAfter(ca), &at_now) < 0) return invalid("the CA's certificate has expired");

    const Certificate certificate(X509_new());
    const std::string name = subject.text();
    X509_set_version(certificate.get(), X509_VERSION_3);
    ASN1_TIME_set(X509_getm_notBefore(certificate.get()), to_time(now - kClockSkew));
    ASN1_TIME_set(X509_getm_notAfter(certificate.get()), end);
    // It is no use beyond the CA's own end.
    std::time_t wanted_end = end;
    if (X509_cmp_time(X509_get0_notAfter(ca), &wanted_end) < 0)
        X509_set1_notAfter(certificate.get(), X509_get0_notAfter(ca));
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
    X509_set_issuer_name(certificate.get(), X509_get_subject_name(ca));
    X509_set_pubkey(certificate.get(), X509_REQ_get0_pubkey(request->get()));
    const bool is_complete = set_serial(certificate.get()) &&
                             extend(certificate.get(), ca, NID_basic_constraints, "critical,CA:FALSE") &&
                             extend(certificate.get(), ca, NID_key_usage, "critical,digitalSignature") &&
                             extend(certificate.get(), ca, NID_ext_key_usage, "clientAuth") &&
                             extend(certificate.get(), ca, NID_subject_alt_name, "URI:urn:uuid:" + name) &&
                             sign(certificate.get(), state_->key.get());
    ERR_clear_error();
    if (!is_complete) return Error(Kind::bug, "the certificate could not be made");
    return to_pem(certificate.get());
}

Result<void> check_certificate(const std::string& certificate_pem, const std::string& key_pem,
                               const std::string& ca_pem) {
    const Certificate certificate = read_certificate(certificate_pem);
    if (!certificate) return invalid("cert is not a certificate in PEM");
    const Key key = read_key(key_pem);
    if (!key) return invalid("private_key is not a key in PEM without a password");
    if (X509_check_private_key(certificate.get(), key.get()) != 1) return invalid("private_key is not the key of cert");
    const bool is_self_signed = X509_self_signed(certificate.get(), 0) == 1;
    ERR_clear_error();
    if (is_self_signed && ca_pem.empty()) return {};
    if (ca_pem.empty()) return invalid("cert is signed by a CA").hint("give the CA's certificate as ca_cert");
    if (!verifies(certificate.get(), ca_pem)) return invalid("cert does not verify against ca_cert");
    return {};
}

}  // namespace net
