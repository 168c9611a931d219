#include "net/http.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;

TEST_CASE("Retry-After is seconds or a date", "[net][http]") {
    struct Row {
        const char* value;
        std::optional<std::chrono::nanoseconds> wait;
    };
    const auto now = std::chrono::system_clock::from_time_t(784111777);  // Sun, 06 Nov 1994 08:49:37 GMT
    const auto row = GENERATE(values<Row>({
        {"0", 0s},
        {"120", 120s},
        {"99999999999999999999", 24h * 3650},
        {"9223372036854775807", 24h * 3650},
        {"Sun, 06 Nov 1994 08:50:37 GMT", 60s},
        {"Sunday, 06-Nov-94 08:50:37 GMT", 60s},
        {"Sun Nov  6 08:50:37 1994", 60s},
        {"Sun, 06 Nov 1994 08:00:00 GMT", 0s},
        {"Fri, 31 Dec 9999 23:59:59 GMT", 24h * 3650},
        {"", std::nullopt},
        {"-1", std::nullopt},
        {"1.5", std::nullopt},
        {"soon", std::nullopt},
        {"Sun, 06 Nov 1994 08:50:37 GMT and more", std::nullopt},
    }));
    CAPTURE(row.value);
    CHECK(net::parse_retry_after(row.value, now) == row.wait);
}

TEST_CASE("headers are found in any case, and the first one counts", "[net][http]") {
    const std::vector<net::Header> headers{{"X-One", "1"}, {"x-one", "2"}};
    CHECK(net::find_header(headers, "X-ONE") == "1");
    CHECK(net::find_header(headers, "X-On").empty());
}

TEST_CASE("a header that would break out of its line is refused", "[net][http]") {
    CHECK(net::check_headers(
        {{"Authorization", "Bearer a.b-c=="}, {"X-Tab", "a\tb"}, {"X-Empty", ""}, {"X-Umlaut", "\xc3\xa4"}}));
    for (const net::Header& header :
         std::vector<net::Header>{{"", "v"}, {"a b", "v"}, {"a:", "v"}, {"a", "v\r\nb: c"}, {"a", "v\n"}})
        CHECK_FALSE(net::check_headers({header}));
}

TEST_CASE("a request's path is its target without the query", "[net][http]") {
    net::HttpRequest request;
    request.target = "/a/b?c=/d";
    CHECK(request.path() == "/a/b");
    request.target = "/a";
    CHECK(request.path() == "/a");
}
