#include "base/uuid.hpp"

#include <catch2/catch.hpp>

#include <set>

using base::Uuid;
using namespace std::chrono_literals;

TEST_CASE("a new UUID is version 7, of its time, and unlike any other", "[base][uuid][UID-2][UID-4]") {
    const std::chrono::system_clock::time_point now(0x0123456789ABms);
    std::set<Uuid> all;
    for (int i = 0; i < 1000; ++i) {
        const Uuid uuid = Uuid::v7(now);
        const std::string bytes = uuid.bytes();
        REQUIRE(bytes.size() == 16);
        CHECK(bytes.substr(0, 6) == "\x01\x23\x45\x67\x89\xAB");
        CHECK((static_cast<unsigned char>(bytes[6]) & 0xF0) == 0x70);
        CHECK((static_cast<unsigned char>(bytes[8]) & 0xC0) == 0x80);
        all.insert(uuid);
    }
    CHECK(all.size() == 1000);
}

TEST_CASE("a UUID is read in its usual forms", "[base][uuid]") {
    const std::string text = "018f3a6c-5d2e-7b9a-8c0d-112233445566";
    const auto uuid = Uuid::parse(text);
    REQUIRE(uuid);
    CHECK(uuid->text() == text);
    for (const char* form : {"018F3A6C-5D2E-7B9A-8C0D-112233445566", "{018f3a6c-5d2e-7b9a-8c0d-112233445566}",
                             "urn:uuid:018f3a6c-5d2e-7b9a-8c0d-112233445566", "018f3a6c5d2e7b9a8c0d112233445566"})
        CHECK(Uuid::parse(form) == uuid);
    for (const char* bad : {"", "x", "018f3a6c-5d2e-7b9a-8c0d-11223344556", "018f3a6c5d2e-7b9a-8c0d-112233445566-",
                            "00000000-0000-0000-0000-000000000000", "018f3a6c-5d2e-7b9a-8c0d-11223344556g"})
        CHECK_FALSE(Uuid::parse(bad));
}
