#include "base/bytes.hpp"

#include <catch2/catch.hpp>

using namespace std::string_literals;

TEST_CASE("hexadecimal text goes there and back", "[base][bytes]") {
    CHECK(base::to_hex("\0\x1F\xFF"s) == "001fff");
    CHECK(base::from_hex("001FfF") == "\0\x1F\xFF"s);
    CHECK(base::from_hex("") == "");
    CHECK_FALSE(base::from_hex("0"));
    CHECK_FALSE(base::from_hex("0g"));
}

TEST_CASE("base64 text goes there and back", "[base][bytes]") {
    struct Row {
        std::string bytes, text;
    };
    const auto row = GENERATE(values<Row>({
        // RFC 4648, section 10
        {"", ""},
        {"f", "Zg=="},
        {"fo", "Zm8="},
        {"foo", "Zm9v"},
        {"foob", "Zm9vYg=="},
        {"fooba", "Zm9vYmE="},
        {"foobar", "Zm9vYmFy"},
        {"\0"s, "AA=="},
        {"\xFB\xFF\xBF", "+/+/"},
    }));
    CHECK(base::to_base64(row.bytes) == row.text);
    CHECK(base::from_base64(row.text) == row.bytes);
}

TEST_CASE("what is not exactly base64 is nothing", "[base][bytes]") {
    const auto* text = GENERATE("Z", "Zg", "Zg=", "Zm8", "Z===", "====", "=", "Zg==Zg==", "Z=g=", "Zm9v\n", " Zm9v",
                                "Zm9 ", "Zm-v", "Zm_v", "Zh==", "Zm9=", "Zm9vYg==\n", "Zm9vY");
    CAPTURE(text);
    CHECK_FALSE(base::from_base64(text));
    CHECK_FALSE(base::from_base64("Zm\0v"s));
}

TEST_CASE("SHA-256 is the standard's", "[base][bytes]") {
    CHECK(base::to_hex(base::sha256("")) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK(base::to_hex(base::sha256("abc")) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(base::to_hex(base::sha256(std::string(1'000'000, 'a'))) ==
          "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("what is not UTF-8 is replaced, byte by byte", "[base][bytes]") {
    const std::string replacement = "\xEF\xBF\xBD";
    struct Row {
        std::string text, valid;
    };
    const auto row = GENERATE_COPY(values<Row>({
        {"plain", "plain"},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"\xFF", replacement},
        {"\xC3", replacement},
        {"\xC0\xAF", replacement + replacement},
        {"\xED\xA0\x80", replacement + replacement + replacement},
        {"\xF4\x90\x80\x80", replacement + replacement + replacement + replacement},
        {"a\xE2\x82z", "a" + replacement + replacement + "z"},
    }));
    CHECK(base::to_valid_utf8(row.text) == row.valid);
}

TEST_CASE("text is quoted where a reader would stumble", "[base][bytes]") {
    CHECK(base::quoted_if_needed("a/b-c_1.2:3") == "a/b-c_1.2:3");
    CHECK(base::quoted_if_needed("") == "\"\"");
    CHECK(base::quoted_if_needed("two words") == "\"two words\"");
    CHECK(base::quoted_if_needed("a=\"b\"\n\x01\\") == "\"a=\\\"b\\\"\\n\\u0001\\\\\"");
}

TEST_CASE("a string of JSON is quoted always", "[base][bytes]") {
    CHECK(base::json_string("plain") == "\"plain\"");
    CHECK(base::json_string("") == "\"\"");
    CHECK(base::json_string("\"a b\"") == "\"\\\"a b\\\"\"");
}

TEST_CASE("a text is shortened between characters", "[base][bytes]") {
    CHECK(base::shortened("abc", 3) == "abc");
    CHECK(base::shortened("abcd", 3) == "abc…");
    CHECK(base::shortened("a\xE2\x82\xAC", 2) == "a…");
}
