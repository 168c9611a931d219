// The page's address over real sockets.
#include "server/page.hpp"

#include "unit/server/server_rig.hpp"

using namespace server_test;

namespace {

/// The whole answer to a GET, head and body.
async::Task<std::string> get(TestServer& server, std::string target, std::string host = "localhost") {
    auto socket = co_await net_test::connect_raw(server.page_port);
    co_await net_test::send(socket, "GET " + target + " HTTP/1.1\r\nHost: " + host + "\r\nConnection: close\r\n\r\n");
    co_return (co_await net_test::read_all(socket)).value_or("no end");
}

}  // namespace

TEST_CASE("every file that the page names is served, under a policy that allows no other", "[server][page]") {
    TestServer server;
    for (const char* target :
         {"/", "/style.css", "/telemetry.css", "/app.js", "/page.js", "/agent.js", "/config.js", "/editor.js",
          "/telemetry.js", "/traces.js", "/trace_tree.js", "/destinations.js", "/view.js", "/icon.svg"}) {
        CAPTURE(target);
        const auto response = run(server.io, get(server, target));
        CHECK_THAT(response, Catch::StartsWith("HTTP/1.1 200 "));
        CHECK_THAT(response, Catch::Contains("\r\nContent-Security-Policy: default-src 'none'; script-src 'self';"));
        CHECK_THAT(response, Catch::Contains("\r\nX-Content-Type-Options: nosniff\r\n"));
        CHECK(response.size() > response.find("\r\n\r\n") + 100);
    }
    CHECK_THAT(run(server.io, get(server, "/")), Catch::Contains("\r\nContent-Type: text/html; charset=utf-8\r\n"));
    CHECK_THAT(run(server.io, get(server, "/nothing")), Catch::StartsWith("HTTP/1.1 404 "));
    CHECK_THAT(run(server.io, get(server, "/../app.js")), Catch::StartsWith("HTTP/1.1 404 "));
    CHECK_THAT(run(server.io, get(server, "/api/server")), Catch::Contains("\"opamp_endpoint\":\"ws://x\""));
    CHECK_THAT(run(server.io, get(server, "/api/live")), Catch::StartsWith("HTTP/1.1 426 "));
}

TEST_CASE("the page is not served by a foreign name", "[server][page]") {
    TestServer server;
    for (const char* target : {"/", "/api/agents"})
        CHECK_THAT(run(server.io, get(server, target, "evil.example")), Catch::StartsWith("HTTP/1.1 403 "));
}

TEST_CASE("every change is told at once to whoever listens", "[server][page]") {
    TestServer server;
    const auto talk = [](TestServer& s) -> async::Task<> {
        const auto listener = co_await connect(s.options(s.page_port, "/api/live"));
        const auto agent = co_await connect(s.options(s.opamp_port, "/v1/opamp"));
        co_await exchange(*agent, wire_full(0));
        co_await exchange(*agent, wire_heartbeat(1));
        co_await agent->close(net::CloseCode::normal, "");
        // Our client takes text for an error; three of them are what it is told.
        for (int i = 0; i < 3; ++i) {
            const auto event = co_await listener->read();
            REQUIRE_FALSE(event);
            CHECK_THAT(event.error().text(), Catch::Contains("text message"));
        }
        s.tasks.cancel();
        const auto end = co_await listener->read();
        REQUIRE_FALSE(end);
        CHECK_THAT(end.error().text(), Catch::Contains("1001"));
    };
    run(server.io, talk(server));
}

TEST_CASE("a foreign page cannot listen", "[server][page]") {
    TestServer server;
    const auto refused = [](TestServer& s) -> async::Task<unsigned> {
        auto options = s.options(s.page_port, "/api/live");
        options.headers = {{"Origin", "http://evil.example"}};
        net::Refusal refusal;
        const auto socket = co_await net::connect_websocket(options, refusal);
        CHECK_FALSE(socket);
        co_return refusal.http_status;
    };
    CHECK(run(server.io, refused(server)) == 403);
}
