#include "server/same_origin.hpp"

#include <catch2/catch.hpp>

namespace {

bool is_served(const std::string& listen, const std::string& method, const std::string& host,
               const std::string& origin) {
    net::HttpRequest request;
    request.method = method;
    request.headers = {{"Host", host}};
    if (!origin.empty()) request.headers.push_back({"Origin", origin});
    return static_cast<bool>(server::check_origin(request, listen));
}

}  // namespace

TEST_CASE("which requests come from the server's own page, or from no page", "[server][origin]") {
    struct Row {
        const char* name;
        const char* listen;
        const char* method;
        const char* host;
        const char* origin;
        bool is_served;
    };
    constexpr const char* kListen = "127.0.0.1:4321";
    const auto row = GENERATE_REF(values<Row>({
        {"the page itself", kListen, "PUT", "127.0.0.1:4321", "http://127.0.0.1:4321", true},
        {"the page by localhost", kListen, "PUT", "localhost:4321", "http://localhost:4321", true},
        {"through a forwarded port", kListen, "PUT", "localhost:8000", "http://localhost:8000", true},
        {"a program without Origin", kListen, "DELETE", "127.0.0.1:4321", "", true},
        {"IPv6", "[::1]:4321", "POST", "[::1]:4321", "http://[::1]:4321", true},
        {"another page may not change anything", kListen, "POST", "127.0.0.1:4321", "http://evil.example", false},
        {"nor another port's page", kListen, "POST", "127.0.0.1:4321", "http://127.0.0.1:8080", false},
        {"nor a page without an origin of its own", kListen, "PUT", "127.0.0.1:4321", "null", false},
        {"a page that reads cannot see the answer", kListen, "GET", "127.0.0.1:4321", "http://evil.example", true},
        {"a name that was turned to this address", kListen, "GET", "evil.example:4321", "", false},
        {"no Host", kListen, "GET", "", "", false},
        {"an address that this server does not listen on", kListen, "GET", "192.0.2.1:4321", "", false},
        {"the address it listens on", "192.0.2.1:4321", "GET", "192.0.2.1:4321", "", true},
        {"the name it listens on", "fleet.example:4321", "GET", "fleet.example:4321", "", true},
        {"any address when it listens on all", "0.0.0.0:4321", "GET", "192.0.2.1:4321", "", true},
        {"but no name", "0.0.0.0:4321", "GET", "evil.example:4321", "", false},
    }));
    DYNAMIC_SECTION(row.name) {
        CHECK(is_served(row.listen, row.method, row.host, row.origin) == row.is_served);
    }
}

TEST_CASE("a WebSocket of another page is refused although it begins with a GET", "[server][origin]") {
    net::HttpRequest request;
    request.method = "GET";
    request.headers = {{"Host", "localhost:4321"}, {"Upgrade", "websocket"}, {"Origin", "http://evil.example"}};
    CHECK_FALSE(server::check_origin(request, "127.0.0.1:4321"));
    request.headers.back().value = "http://localhost:4321";
    CHECK(server::check_origin(request, "127.0.0.1:4321"));
}
