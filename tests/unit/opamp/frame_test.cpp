#include "opamp/frame.hpp"

#include <catch2/catch.hpp>

using namespace std::literals;

TEST_CASE("a frame is the header 0 and the payload", "[opamp][frame][WS-2]") {
    CHECK(opamp::encode_frame("abc"sv) == "\0abc"s);
    CHECK(opamp::encode_frame(""sv) == "\0"s);
}

TEST_CASE("the header is a varint of value 0", "[opamp][frame][WS-3][WS-4][WS-5][WS-6]") {
    CHECK(*opamp::decode_frame("\0abc"s) == "abc");
    CHECK(*opamp::decode_frame("\0"s) == "");
    CHECK(*opamp::decode_frame("\x80\0abc"s) == "abc");
    CHECK(*opamp::decode_frame("\x80\x80\x80\x80\x80\x80\x80\x80\x80\0x"s) == "x");
    for (const auto& malformed :
         {""s, "\x01"s, "\x7F"s, "\xFF\x01"s, "\x80"s, std::string(10, '\x80') + "\0"s, std::string(64, '\xFF')}) {
        CAPTURE(malformed.size());
        CHECK_FALSE(opamp::decode_frame(malformed));
    }
}

TEST_CASE("a message that is given away becomes its frame in place", "[opamp][frame][WS-2]") {
    std::string message(1000, 'x');
    message.reserve(1001);
    const char* const place = message.data();
    const std::string frame = opamp::encode_frame(std::move(message));
    CHECK(frame == "\0"s + std::string(1000, 'x'));
    CHECK(frame.data() == place);
}
