// Certificates for agents. Requests are made with OpenSSL here, as a client would.
#include "net/certificate_authority.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>

#include "net/csr.hpp"
#include "unit/net/certificates.hpp"

using net::CertificateAuthority;
using namespace std::chrono_literals;

namespace {

const auto kUid = *base::Uuid::parse("018f3a6c-5d2e-7b9a-8c0d-112233445566");
const auto kOtherUid = *base::Uuid::parse("018f3a6c-5d2e-7b9a-8c0d-665544332211");

std::string content(BIO* bio) {
    char* bytes = nullptr;
    const long size = BIO_get_mem_data(bio, &bytes);
    std::string text(bytes, static_cast<std::size_t>(size));
    BIO_free_all(bio);
    return text;
}

/// A request signed by `signer`, which is the key in it unless the test says otherwise.
std::string make_request(EVP_PKEY* key, const std::string& common_name, EVP_PKEY* signer = nullptr) {
    X509_REQ* request = X509_REQ_new();
    X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(request), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(common_name.c_str()), -1, -1, 0);
    X509_REQ_set_pubkey(request, key);
    X509_REQ_sign(request, signer != nullptr ? signer : key, EVP_sha256());
    BIO* bio = BIO_new(BIO_s_mem());
    PEM_write_bio_X509_REQ(bio, request);
    X509_REQ_free(request);
    return content(bio);
}

X509* read(const std::string& pem) {
    BIO* bio = BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size()));
    X509* certificate = PEM_read_bio_X509(bio, nullptr, nullptr, nullptr);
    BIO_free_all(bio);
    return certificate;
}

bool verifies(X509* certificate, const std::string& ca_pem) {
    X509_STORE* store = X509_STORE_new();
    X509* ca = read(ca_pem);
    X509_STORE_add_cert(store, ca);
    X509_STORE_CTX* context = X509_STORE_CTX_new();
    X509_STORE_CTX_init(context, store, certificate, nullptr);
    const bool is_valid = X509_verify_cert(context) == 1;
    X509_STORE_CTX_free(context);
    X509_STORE_free(store);
    X509_free(ca);
    return is_valid;
}

struct Rig {
    Rig() {
        auto loaded = CertificateAuthority::load(identity.certificate, identity.key, 24h);
        if (!loaded) FAIL(loaded.error().text());
        authority = std::move(*loaded);
    }
    ~Rig() {
        EVP_PKEY_free(key);
        EVP_PKEY_free(other_key);
    }
    base::Result<std::string> issue(const std::string& request) {
        return authority->issue(request, {kUid}, kUid, std::chrono::system_clock::now());
    }
    net_test::Identity identity = net_test::make_authority("ca");
    std::unique_ptr<CertificateAuthority> authority;
    EVP_PKEY* key = EVP_EC_gen("P-256");
    EVP_PKEY* other_key = EVP_EC_gen("P-256");
};

}  // namespace

TEST_CASE("an issued certificate is for the key of the request and verifies", "[net][ca][SRV-CONN-8][SRV-CONN-11]") {
    Rig rig;
    const auto issued = rig.issue(make_request(rig.key, kUid.text()));
    REQUIRE(issued);
    X509* certificate = read(*issued);
    REQUIRE(certificate != nullptr);
    CHECK(EVP_PKEY_eq(X509_get0_pubkey(certificate), rig.key) == 1);
    CHECK(verifies(certificate, rig.authority->certificate()));
    CHECK(X509_check_ca(certificate) == 0);
    CHECK((X509_get_extended_key_usage(certificate) & XKU_SSL_CLIENT) != 0);
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    CHECK(name == kUid.text());
    X509_free(certificate);
}

TEST_CASE("a name that is no uid gives way to the agent's own", "[net][ca][SRV-CONN-13]") {
    Rig rig;
    const auto issued = rig.issue(make_request(rig.key, "admin"));
    REQUIRE(issued);
    X509* certificate = read(*issued);
    char name[64] = "";
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
    CHECK(name == kUid.text());
    X509_free(certificate);
}

TEST_CASE("what is no valid request is refused", "[net][ca][SRV-CONN-12][SRV-CONN-13]") {
    Rig rig;
    struct Row {
        std::string request;
        const char* text;
    };
    for (const Row& row : {Row{"", "not a PKCS #10 request"}, Row{"garbage", "not a PKCS #10 request"},
                           Row{std::string(100'000, 'x'), "longer than 64 KiB"},
                           Row{make_request(rig.key, kUid.text(), rig.other_key), "signature"},
                           Row{make_request(rig.key, kOtherUid.text()), "names the agent 018f3a6c"},
                           Row{make_request(rig.key, "urn:uuid:" + kOtherUid.text()), "names the agent"}}) {
        const auto issued = rig.issue(row.request);
        REQUIRE_FALSE(issued);
        CHECK_THAT(issued.error().text(), Catch::Contains(row.text));
    }
}

TEST_CASE("a request may name the uid that was assigned", "[net][ca][SRV-CONN-14]") {
    Rig rig;
    const auto now = std::chrono::system_clock::now();
    CHECK(rig.authority->issue(make_request(rig.key, kOtherUid.text()), {kUid, kOtherUid}, kOtherUid, now));
}

TEST_CASE("a lifetime beyond all clocks ends with the CA", "[net][ca]") {
    Rig rig;
    const auto forever = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::nanoseconds::max());
    auto authority = net::CertificateAuthority::load(rig.identity.certificate, rig.identity.key, forever);
    REQUIRE(authority);
    const auto issued =
        (*authority)->issue(make_request(rig.key, kUid.text()), {kUid}, kUid, std::chrono::system_clock::now());
    REQUIRE(issued);
    CHECK(*net::not_after(*issued) == *net::not_after(rig.identity.certificate));
}

TEST_CASE("what is no CA is refused", "[net][ca]") {
    const auto ca = net_test::make_authority("ca");
    const auto leaf = net_test::make_identity(ca, "DNS:x");
    CHECK_FALSE(CertificateAuthority::load("x", ca.key, 1h));
    CHECK_FALSE(CertificateAuthority::load(ca.certificate, "x", 1h));
    CHECK_FALSE(CertificateAuthority::load(ca.certificate, leaf.key, 1h));
    CHECK_FALSE(CertificateAuthority::load(leaf.certificate, leaf.key, 1h));
}

TEST_CASE("certificates that belong together", "[net][ca][SRV-CONN-8]") {
    const auto ca = net_test::make_authority("ca");
    const auto other_ca = net_test::make_authority("other");
    const auto leaf = net_test::make_identity(ca, "DNS:x");
    CHECK(net::check_certificate(leaf.certificate, leaf.key, ca.certificate));
    CHECK(net::check_certificate(ca.certificate, ca.key, ""));
    CHECK_FALSE(net::check_certificate(leaf.certificate, leaf.key, ""));
    CHECK_FALSE(net::check_certificate(leaf.certificate, leaf.key, other_ca.certificate));
    CHECK_FALSE(net::check_certificate(leaf.certificate, ca.key, ca.certificate));
    CHECK_FALSE(net::check_certificate("x", leaf.key, ca.certificate));
}
