#include "net/csr.hpp"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <ctime>
#include <memory>

#include "net/openssl_owned.hpp"

namespace net {
namespace {

using base::Error;
using base::Kind;
using base::Result;
using TimePoint = std::chrono::sys_seconds;

constexpr std::size_t kLongestCommonName = 64;

/// What a failed call leaves in the library's queue must not be taken for the failure of a later one.
Error failure(Kind kind, const std::string& what) {
    ERR_clear_error();
    return {kind, what};
}

/// An encrypted key is refused: asking for its password would mean to ask at the terminal.
int no_password(char*, int, int, void*) {
    return -1;
}

Bio reading(const std::string& text) {
    return Bio(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

std::string written(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<std::size_t>(size)};
}

Result<Key> read_key(const std::string& pem) {
    const Bio bio = reading(pem);
    Key key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
    if (!key) return failure(Kind::invalid, "the private key is not a PEM key that can be read without a password");
    return key;
}

Result<Certificate> read_certificate(const std::string& pem) {
    const Bio bio = reading(pem);
    Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, no_password, nullptr));
    if (!certificate) return failure(Kind::invalid, "the certificate is not a PEM certificate");
    return certificate;
}

Result<TimePoint> to_time(const ASN1_TIME* time) {
    std::tm parts{};
    if (ASN1_TIME_to_tm(time, &parts) != 1) return failure(Kind::invalid, "the certificate has no readable validity");
    return TimePoint(std::chrono::seconds(::timegm(&parts)));
}

bool name_and_sign(X509_REQ* request, EVP_PKEY* key, const std::string& common_name) {
    X509_NAME* const subject = X509_REQ_get_subject_name(request);
    const auto* const text = reinterpret_cast<const unsigned char*>(common_name.data());
    return X509_REQ_set_version(request, X509_REQ_VERSION_1) == 1 &&
           X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_UTF8, text,
                                      static_cast<int>(common_name.size()), -1, 0) == 1 &&
           X509_REQ_set_pubkey(request, key) == 1 && X509_REQ_sign(request, key, EVP_sha256()) > 0;
}

}  // namespace

Result<std::string> make_key() {
    const Key key(EVP_EC_gen("P-256"));
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!key || !bio || PEM_write_bio_PKCS8PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return failure(Kind::io, "no key could be made");
    return written(bio.get());
}

Result<std::string> make_csr(const std::string& key_pem, const std::string& common_name) {
    auto key = read_key(key_pem);
    if (!key) return std::move(key).error();
    if (common_name.empty() || common_name.size() > kLongestCommonName)
        return Error(Kind::invalid, "a certificate's common name has 1 to 64 characters");
    const Request request(X509_REQ_new());
    const Bio bio(BIO_new(BIO_s_mem()));
    if (!request || !bio || !name_and_sign(request.get(), key->get(), common_name) ||
        PEM_write_bio_X509_REQ(bio.get(), request.get()) != 1)
        return failure(Kind::invalid, "no request could be made for the name '" + common_name + "'");
    return written(bio.get());
}

Result<TimePoint> not_before(const std::string& cert_pem) {
    const auto certificate = read_certificate(cert_pem);
    if (!certificate) return certificate.error();
    return to_time(X509_get0_notBefore(certificate->get()));
}

Result<TimePoint> not_after(const std::string& cert_pem) {
    const auto certificate = read_certificate(cert_pem);
    if (!certificate) return certificate.error();
    return to_time(X509_get0_notAfter(certificate->get()));
}

Result<void> check_pair(const std::string& cert_pem, const std::string& key_pem) {
    const auto certificate = read_certificate(cert_pem);
    if (!certificate) return certificate.error();
    const auto key = read_key(key_pem);
    if (!key) return key.error();
    if (X509_check_private_key(certificate->get(), key->get()) != 1)
        return failure(Kind::invalid, "the private key is not that of the certificate");
    return {};
}

}  // namespace net
