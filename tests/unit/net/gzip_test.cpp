// gzip: there and back, and what a hostile peer may send in its name.
#include "net/gzip.hpp"

#include <catch2/catch.hpp>

using base::Kind;

namespace {

/// The text, or the error's kind and words.
std::string outcome(const base::Result<std::string>& result) {
    if (result) return *result;
    return (result.error().kind() == Kind::invalid ? "invalid: " : "too_large: ") + result.error().message();
}

/// Text that does not repeat itself much.
std::string varied(std::size_t bytes) {
    std::string text(bytes, '\0');
    std::uint32_t state = 1;
    for (char& c : text) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    return text;
}

}  // namespace

TEST_CASE("[HTTP-9] what was packed is unpacked", "[net][gzip]") {
    for (const auto& text : {std::string(), std::string("hello"), std::string(1 << 20, 'x'), varied(300000)}) {
        const auto packed = net::gzip(text);
        CHECK(packed.substr(0, 2) == "\x1f\x8b");
        const auto unpacked = net::gunzip(packed, text.size());
        REQUIRE(unpacked);
        const bool is_same = *unpacked == text;
        CHECK(is_same);
    }
    CHECK(net::gzip(std::string(1 << 20, 'x')).size() < 2000);
}

TEST_CASE("several members are one text", "[net][gzip]") {
    CHECK(outcome(net::gunzip(net::gzip("one, ") + net::gzip("") + net::gzip("two"), 100)) == "one, two");
}

TEST_CASE("[HTTP-14] the limit holds after inflation, to the byte", "[net][gzip]") {
    CHECK(outcome(net::gunzip(net::gzip("12345"), 5)) == "12345");
    CHECK(outcome(net::gunzip(net::gzip("123456"), 5)) == "too_large: more than 5B when inflated");
    CHECK(outcome(net::gunzip(net::gzip("123") + net::gzip("456"), 5)) == "too_large: more than 5B when inflated");
    CHECK(outcome(net::gunzip(net::gzip(""), 0)).empty());
    CHECK(outcome(net::gunzip(net::gzip("x"), 0)) == "too_large: more than 0B when inflated");
}

TEST_CASE("[HTTP-14] a bomb is refused at the limit", "[net][gzip]") {
    const auto bomb = net::gzip(std::string(64 << 20, '\0'));
    CHECK(bomb.size() < 100000);
    CHECK(outcome(net::gunzip(bomb, 64 << 10)) == "too_large: more than 64KiB when inflated");
}

TEST_CASE("what is not whole gzip is invalid", "[net][gzip]") {
    const auto packed = net::gzip("hello, hello, hello");
    for (std::size_t size = 0; size < packed.size(); ++size) {
        CAPTURE(size);
        CHECK_THAT(outcome(net::gunzip(packed.substr(0, size), 100)), Catch::StartsWith("invalid: "));
    }
    CHECK(outcome(net::gunzip("plain text", 100)) == "invalid: not gzip, or damaged");
    CHECK(outcome(net::gunzip(packed + "x", 100)) == "invalid: gzip data that are cut short");
    CHECK(outcome(net::gunzip(packed + "garbage", 100)) == "invalid: not gzip, or damaged");
    auto damaged = packed;
    damaged[damaged.size() - 6] ^= 1;  // the checksum
    CHECK(outcome(net::gunzip(damaged, 100)) == "invalid: not gzip, or damaged");
}
