// An answer byte by byte, as no test over a socket can bring it.
#include "net/http_answer.hpp"

#include <catch2/catch.hpp>

TEST_CASE("an answer may come byte by byte", "[net][http_answer]") {
    const std::string chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    struct Row {
        std::string answer;
        std::string body;
    };
    for (const Row& row : {Row{chunked + "0\r\n\r\n", ""}, Row{chunked + "0\r\nX: y\r\n\r\n", ""},
                           Row{chunked + "2\r\nab\r\n1;x=y\r\nc\r\n0\r\n\r\n", "abc"},
                           Row{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", "ab"}}) {
        CAPTURE(row.answer);
        net::HttpAnswer answer({false, 10, false});
        for (const char& byte : row.answer) {
            CHECK_FALSE(answer.is_complete());
            CHECK(answer.add({&byte, 1}));
        }
        REQUIRE(answer.is_complete());
        CHECK(answer.take().response.body == row.body);
    }
}

TEST_CASE("room is made for what arrives, not for what is announced", "[net][http_answer][hostile]") {
    const char* const length = GENERATE("900000000000000000", "9223372036854775807", "18446744073709551615");
    net::HttpAnswer answer({false, 10, true});
    REQUIRE(answer.add(std::string("HTTP/1.1 503 Busy\r\nContent-Length: ") + length + "\r\n\r\n"));
    REQUIRE_FALSE(answer.is_complete());
    REQUIRE(answer.add("0123456789abc"));
    REQUIRE(answer.is_complete());
    CHECK(answer.take().response.body == "0123456789");
}
