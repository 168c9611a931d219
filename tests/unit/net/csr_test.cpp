#include "net/csr.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <catch2/catch.hpp>
#include <memory>

#include "unit/net/certificates.hpp"

using namespace std::chrono_literals;

namespace {

struct Request {
    bool is_signed_by_its_key = false;
    std::string common_name;
    std::string curve;
};

/// What an authority would make of `pem`.
Request read_request(const std::string& pem) {
    Request seen;
    const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), BIO_free);
    const std::unique_ptr<X509_REQ, void (*)(X509_REQ*)> request(
        PEM_read_bio_X509_REQ(bio.get(), nullptr, nullptr, nullptr), X509_REQ_free);
    REQUIRE(request);
    EVP_PKEY* const key = X509_REQ_get0_pubkey(request.get());
    REQUIRE(key);
    seen.is_signed_by_its_key = X509_REQ_verify(request.get(), key) == 1;
    char text[128] = {};
    X509_NAME_get_text_by_NID(X509_REQ_get_subject_name(request.get()), NID_commonName, text, sizeof text);
    seen.common_name = text;
    std::size_t size = 0;
    EVP_PKEY_get_group_name(key, text, sizeof text, &size);
    seen.curve.assign(text, size);
    return seen;
}

std::string new_key() {
    auto key = net::make_key();
    REQUIRE(key);
    return *key;
}

}  // namespace

TEST_CASE("a request names its owner and is signed with the owner's key [CONN-39]", "[net][csr]") {
    const std::string key = new_key();
    CHECK(key.starts_with("-----BEGIN PRIVATE KEY-----\n"));
    const auto csr = net::make_csr(key, "01890a5d-ac96-774b-bcce-b302099a8057");
    REQUIRE(csr);
    CHECK(csr->starts_with("-----BEGIN CERTIFICATE REQUEST-----\n"));
    CHECK(csr->find("PRIVATE") == std::string::npos);
    const Request seen = read_request(*csr);
    CHECK(seen.is_signed_by_its_key);
    CHECK(seen.common_name == "01890a5d-ac96-774b-bcce-b302099a8057");
    CHECK(seen.curve == "prime256v1");
}

TEST_CASE("no two keys are the same", "[net][csr]") {
    CHECK(new_key() != new_key());
}

TEST_CASE("a request is refused for what is no key or no name", "[net][csr]") {
    const std::string key = new_key();
    CHECK(net::make_csr("nonsense", "name").error().text() ==
          "the private key is not a PEM key that can be read without a password");
    CHECK_FALSE(net::make_csr(key, ""));
    CHECK(net::make_csr(key, std::string(64, 'n')));
    CHECK_FALSE(net::make_csr(key, std::string(65, 'n')));
}

TEST_CASE("a certificate's time is read", "[net][csr]") {
    const auto authority = net_test::make_authority("authority");
    const auto before = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto identity = net_test::make_identity(authority, "DNS:localhost", {-100, 200});
    const auto after = std::chrono::system_clock::now();
    const auto begin = net::not_before(identity.certificate);
    const auto end = net::not_after(identity.certificate);
    REQUIRE(begin);
    REQUIRE(end);
    CHECK(*begin >= before - 100s);
    CHECK(*begin <= after - 100s);
    CHECK(*end - *begin >= 299s);
    CHECK(*end - *begin <= 301s);
    CHECK_FALSE(net::not_after("nonsense"));
    CHECK_FALSE(net::not_before(identity.key));
}

TEST_CASE("a certificate may be good for longer than nanoseconds can count", "[net][csr]") {
    constexpr long kYear = 365L * 86400;
    const auto authority = net_test::make_authority("authority");
    const auto identity = net_test::make_identity(authority, "DNS:localhost", {-50 * kYear, 7900 * kYear});
    const auto begin = net::not_before(identity.certificate);
    const auto end = net::not_after(identity.certificate);
    REQUIRE(begin);
    REQUIRE(end);
    CHECK(*end - *begin == std::chrono::seconds(7950 * kYear));
}

TEST_CASE("a key that is not the certificate's is told", "[net][csr]") {
    const auto authority = net_test::make_authority("authority");
    const auto one = net_test::make_identity(authority, "DNS:one");
    const auto other = net_test::make_identity(authority, "DNS:other");
    CHECK(net::check_pair(one.certificate, one.key));
    CHECK(net::check_pair(one.certificate + authority.certificate, one.key));
    CHECK(net::check_pair(one.certificate, other.key).error().text() ==
          "the private key is not that of the certificate");
    CHECK(net::check_pair("nonsense", one.key).error().text() == "the certificate is not a PEM certificate");
    CHECK_FALSE(net::check_pair(one.certificate, "nonsense"));
    CHECK_FALSE(net::check_pair("", ""));
}
