#include "net/url.hpp"

#include <catch2/catch.hpp>

TEST_CASE("an endpoint's URL is taken apart", "[net][url]") {
    struct Row {
        const char* text;
        const char* scheme;
        const char* host;
        int port;
        const char* target;
        const char* host_header;
    };
    const auto row = GENERATE(values<Row>({
        {"ws://127.0.0.1:4320/v1/opamp", "ws", "127.0.0.1", 4320, "/v1/opamp", "127.0.0.1:4320"},
        {"wss://opamp.example.com/v1/opamp?a=b%20c", "wss", "opamp.example.com", 443, "/v1/opamp?a=b%20c",
         "opamp.example.com"},
        {"WSS://Example.com", "wss", "Example.com", 443, "/", "Example.com"},
        {"http://localhost", "http", "localhost", 80, "/", "localhost"},
        {"http://localhost:", "http", "localhost", 80, "/", "localhost"},
        {"https://h:80?q", "https", "h", 80, "/?q", "h:80"},
        {"ws://[::1]:9/x", "ws", "::1", 9, "/x", "[::1]:9"},
        {"wss://[::1]/x", "wss", "::1", 443, "/x", "[::1]"},
    }));
    CAPTURE(row.text);
    const auto url = net::parse_url(row.text);
    REQUIRE(url);
    CHECK(url->scheme == row.scheme);
    CHECK(url->host == row.host);
    CHECK(url->port == row.port);
    CHECK(url->target == row.target);
    CHECK(url->host_header() == row.host_header);
}

TEST_CASE("an address in a log always has its port", "[net][url]") {
    CHECK(net::parse_url("wss://a.b/c")->authority() == "a.b:443");
    CHECK(net::parse_url("ws://[::1]")->authority() == "[::1]:80");
}

TEST_CASE("a URL that cannot be an endpoint names the part at fault", "[net][url]") {
    struct Row {
        const char* text;
        const char* part;
    };
    const auto row = GENERATE(values<Row>({
        {"", "scheme"},
        {"localhost:4320", "scheme"},
        {"ftp://h/", "'ftp'"},
        {"ws://", "host"},
        {"ws:///path", "host"},
        {"ws://h:99999/", "port"},
        {"ws://h:0/", "port"},
        {"ws://h:x/", "port"},
        {"ws://h:80x/", "port"},
        {"ws://user:secret@h/", "user name"},
        {"ws://h/#top", "fragment"},
        {"ws://h/a b", "not a URL"},
        {"ws://[::1/", "not a URL"},
        {"ws://a%0d%0ab/", "host"},
        {"ws://a%20b/", "host"},
        {"ws://a%2Fb/", "host"},
        {"ws://b%C3%BCcher.example/", "host"},
    }));
    CAPTURE(row.text);
    const auto url = net::parse_url(row.text);
    REQUIRE_FALSE(url);
    CHECK(url.error().kind() == base::Kind::invalid);
    CHECK_THAT(url.error().message(), Catch::Contains(row.part));
}

TEST_CASE("a secret in a URL is not repeated in the error", "[net][url]") {
    const char* const text =
        GENERATE("ws://user:hidden@h/", "user:hidden@h", "ws://user:hidden@h:99999/", "ws://user:hidden@h/a b",
                 "ws://a@hidden@h/a b", "ws://h/a b?token=hidden", "hidden@", "ws://h:x/?hidden@");
    CAPTURE(text);
    const auto url = net::parse_url(text);
    REQUIRE_FALSE(url);
    CHECK_THAT(url.error().text(), !Catch::Contains("hidden"));
}
