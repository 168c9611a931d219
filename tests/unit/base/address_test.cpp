#include "base/address.hpp"

#include <catch2/catch.hpp>

TEST_CASE("an address to listen on has a port, and IPv6 its brackets", "[base][address]") {
    const auto whole = [](std::string_view text) {
        const auto address = base::parse_address(text);
        return address ? address->ip + " " + std::to_string(address->port) : "none";
    };
    CHECK(whole("127.0.0.1:4320") == "127.0.0.1 4320");
    CHECK(whole("0.0.0.0:0") == "0.0.0.0 0");
    CHECK(whole("[::1]:65535") == "::1 65535");
    CHECK(whole("[fe80::1%lo]:1") == "fe80::1%lo 1");
    CHECK(whole("localhost:80") == "127.0.0.1 80");
    for (const char* wrong :
         {"", ":", ":80", "localhost", "foo:80", "::1:80", "[127.0.0.1]:80", "[]:80", "[::1]", "[localhost]:80",
          "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1: 80", "127.0.0:80", "1.2.3.4%lo:80"}) {
        CAPTURE(wrong);
        CHECK_FALSE(base::parse_address(wrong));
    }
}
