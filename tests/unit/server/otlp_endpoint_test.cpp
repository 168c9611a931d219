// OTLP on the agents' address, over real sockets.
#include "server/otlp_endpoint.hpp"

#include <boost/json.hpp>
#include <fstream>

#include "net/client.hpp"
#include "unit/server/otlp_rig.hpp"
#include "unit/server/server_rig.hpp"

using namespace server_test;
namespace json = boost::json;

namespace {

async::Task<net::HttpResponse> post(TestServer& server, std::string path, std::string body,
                                    std::string type = "application/x-protobuf",
                                    std::vector<net::Header> headers = {}) {
    net::ClientOptions options;
    options.url = *net::parse_url("http://127.0.0.1:" + std::to_string(server.opamp_port) + path);
    options.headers = std::move(headers);
    auto response = co_await net::http_post(options, type, body);
    if (!response) FAIL(response.error().text());
    co_return std::move(*response);
}

/// The answer to a raw request, head and body.
async::Task<std::string> ask(std::uint16_t port, std::string request) {
    auto socket = co_await net_test::connect_raw(port);
    co_await net_test::send(socket, request);
    co_return (co_await net_test::read_all(socket)).value_or("no end");
}

std::string get(TestServer& server, const std::string& target) {
    return run(server.io,
               ask(server.page_port, "GET " + target + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
}

json::value get_json(TestServer& server, const std::string& target) {
    const std::string answer = get(server, target);
    CHECK_THAT(answer, Catch::StartsWith("HTTP/1.1 200 "));
    return json::parse(answer.substr(answer.find("\r\n\r\n") + 4));
}

otlp_pb::RpcStatus status_of(const net::HttpResponse& response) {
    CHECK(response.content_type == "application/x-protobuf");
    otlp_pb::RpcStatus status;
    REQUIRE(status.ParseFromString(response.body));
    return status;
}

}  // namespace

TEST_CASE("what is posted is told by the REST interface", "[server][otlp]") {
    TestServer server;
    Spans spans;
    spans.add(1, 0, "rollout");
    const auto answer = run(server.io, post(server, "/v1/traces", spans.bytes()));
    CHECK(answer.status == 200);
    CHECK(answer.content_type == "application/x-protobuf");
    CHECK(answer.body.empty());
    Records records;
    records.add(1, "started");
    CHECK(run(server.io, post(server, "/v1/logs", records.bytes())).status == 200);
    Metrics metrics;
    metrics.gauge("cpu", 0.5);
    CHECK(run(server.io, post(server, "/v1/metrics", metrics.bytes())).status == 200);

    const std::string agent = "/api/agents/" + kUid.text();
    CHECK(get_json(server, "/api/traces").at_pointer("/traces/0/name") == "rollout");
    CHECK(get_json(server, agent + "/traces?limit=5").at_pointer("/traces/0/name") == "rollout");
    CHECK(get_json(server, "/api/traces/0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a").at_pointer("/spans/0/name") == "rollout");
    CHECK(get_json(server, agent + "/log-records?severity=9").at_pointer("/log_records/0/body") == "started");
    CHECK(get_json(server, agent + "/metrics").at_pointer("/metrics/0/value") == 0.5);
    CHECK(get_json(server, "/api/telemetry").at("spans") == 1);
    CHECK_THAT(get(server, agent + "/traces?limit=0"),
               Catch::StartsWith("HTTP/1.1 400 ") && Catch::Contains("limit: '0' is not a number from 1 to 500"));
    CHECK_THAT(get(server, agent + "/log-records?severity=warn"), Catch::StartsWith("HTTP/1.1 400 "));
    CHECK_THAT(get(server, "/api/agents/x/metrics"), Catch::StartsWith("HTTP/1.1 404 "));
    CHECK_THAT(get(server, "/api/traces/0a"), Catch::StartsWith("HTTP/1.1 404 "));
}

TEST_CASE("a partial success says what was rejected", "[server][otlp]") {
    TestServer server;
    Spans spans;
    spans.add(1, 0, "good");
    spans.add(2, 0, "bad", "short");
    const auto answer = run(server.io, post(server, "/v1/traces", spans.bytes()));
    CHECK(answer.status == 200);
    otlp_pb::ExportServiceResponse response;
    REQUIRE(response.ParseFromString(answer.body));
    CHECK(response.partial_success().rejected() == 1);
    CHECK_THAT(response.partial_success().error_message(), Catch::Contains("trace_id"));
}

TEST_CASE("what is no OTLP is refused in its words", "[server][otlp]") {
    TestServer server;
    auto answer = run(server.io, post(server, "/v1/traces", "\xFF\xFF"));
    CHECK(answer.status == 400);
    CHECK(status_of(answer).code() == 3);
    CHECK_THAT(status_of(answer).message(), Catch::Contains("not a request of OTLP"));

    answer = run(server.io, post(server, "/v1/logs", "{}", "application/json; charset=utf-8"));
    CHECK(answer.status == 415);
    CHECK(answer.content_type == "application/json");
    CHECK(json::parse(answer.body).at("code") == 3);
    CHECK_THAT(std::string(json::parse(answer.body).at("message").as_string()), Catch::Contains("x-protobuf"));

    answer = run(server.io, post(server, "/v1/metrics", "x", "text/plain"));
    CHECK(answer.status == 415);
    CHECK_THAT(status_of(answer).message(), Catch::Contains("'text/plain'") && Catch::Contains("x-protobuf"));

    answer = run(server.io, post(server, "/v1/traces", std::string((16u << 20) + 1, '\0')));
    CHECK(answer.status == 413);
    CHECK_THAT(status_of(answer).message(), Catch::Contains("16777217B") && Catch::Contains("16 MiB"));

    const std::string wrong =
        run(server.io, ask(server.opamp_port, "GET /v1/traces HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"));
    CHECK_THAT(wrong, Catch::StartsWith("HTTP/1.1 405 ") && Catch::Contains("\r\nAllow: POST\r\n"));
    CHECK(run(server.io, post(server, "/v1/trace", "")).status == 404);
}

TEST_CASE("telemetry is let in like OpAMP", "[server][otlp]") {
    const support::TempFolder folder;
    std::ofstream(folder / "tokens") << "secret\n";
    auto tokens = server::TokenFile::open(folder / "tokens");
    REQUIRE(tokens);
    TestServer server({}, std::chrono::seconds(30), &*tokens);
    auto answer = run(server.io, post(server, "/v1/traces", ""));
    CHECK(answer.status == 401);
    CHECK(status_of(answer).code() == 16);
    CHECK(run(server.io, post(server, "/v1/traces", "", "application/x-protobuf", {{"Authorization", "Bearer secret"}}))
              .status == 200);
    CHECK(run(server.io, post(server, "/v1/traces", "", "application/x-protobuf",
                              {{"Authorization", "Bearer secret"}, {"Origin", "http://evil.example"}}))
              .status == 403);
    server.throttle = {server::Throttle::Mode::http_429, std::chrono::seconds(7)};
    answer =
        run(server.io, post(server, "/v1/traces", "", "application/x-protobuf", {{"Authorization", "Bearer secret"}}));
    CHECK(answer.status == 429);
    CHECK(answer.header("Retry-After") == "7");
    CHECK(status_of(answer).code() == 8);
}

TEST_CASE("more than can be kept up with is sent away, to come again", "[server][otlp]") {
    TestServer server;
    Spans spans;
    for (int i = 1; i < 128; ++i) set_text(spans.add(i, 0, "x").mutable_attributes(), "k", std::string(100'000, 'v'));
    const std::string body = spans.bytes();
    REQUIRE(body.size() > 12u << 20);
    const auto flood = [](TestServer& s, const std::string& bytes) -> async::Task<std::pair<int, int>> {
        int kept = 0, away = 0;
        async::TaskGroup group(co_await asio::this_coro::executor);
        const auto send = [&]() -> async::Task<> {
            const auto taken = co_await s.telemetry.take(server::Signal::traces, bytes);
            (taken ? kept : away) += 1;
            if (!taken) CHECK(taken.error().kind() == base::Kind::timeout);
        };
        for (int i = 0; i < 5; ++i) group.spawn("send", send());
        co_await group.joined();
        co_return std::pair(kept, away);
    };
    const auto [kept, away] = run(server.io, flood(server, body));
    CHECK(kept == 2);
    CHECK(away == 3);
    CHECK(run(server.io, post(server, "/v1/traces", body)).status == 200);
}

TEST_CASE("what cannot be kept for want of room is sent away whole, and kept later", "[server][otlp]") {
    TestServer server;
    const auto limit_pages = [&](const char* pragma) {
        const auto limit = [pragma](server::TelemetryStore& store) { return store.database().execute(pragma); };
        REQUIRE(run(server.io, server.telemetry.ask(limit)));
    };
    Spans spans;
    for (int i = 1; i < 100; ++i) set_text(spans.add(i, 0, "x").mutable_attributes(), "k", std::string(4000, 'v'));
    limit_pages("PRAGMA max_page_count = 30");
    for (int i = 0; i < 2; ++i) {
        const auto away = run(server.io, post(server, "/v1/traces", spans.bytes()));
        CHECK(away.status == 503);
        CHECK(away.header("Retry-After") == "1");
        CHECK_THAT(status_of(away).message(), Catch::Contains("full"));
    }
    CHECK(get_json(server, "/api/telemetry").at("bytes") == 0);
    limit_pages("PRAGMA max_page_count = 1000000");
    CHECK(run(server.io, post(server, "/v1/traces", spans.bytes())).status == 200);
    CHECK(get_json(server, "/api/telemetry").at("spans") == 99);
}

TEST_CASE("a server that stops ends what it has begun to keep", "[server][otlp]") {
    TestServer server;
    Spans spans;
    for (int i = 1; i < 100; ++i) set_text(spans.add(i, 0, "x").mutable_attributes(), "k", std::string(4000, 'v'));
    const auto stop = [](TestServer& s, const std::string& bytes) -> async::Task<int> {
        async::TaskGroup senders(co_await asio::this_coro::executor);
        int answered = 0;
        const auto send = [&]() -> async::Task<> {
            net::ClientOptions options;
            options.url = *net::parse_url("http://127.0.0.1:" + std::to_string(s.opamp_port) + "/v1/traces");
            const auto response = co_await net::http_post(options, "application/x-protobuf", bytes);
            answered += response ? 1 : 0;
        };
        for (int i = 0; i < 20; ++i) senders.spawn("send", send());
        while (answered == 0) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
        s.tasks.cancel();
        co_await s.tasks.joined();
        co_await senders.joined();
        co_return answered;
    };
    CHECK(run(server.io, stop(server, spans.bytes())) >= 1);
    const auto count = [](server::TelemetryStore& store) -> base::Result<std::int64_t> { return store.totals().spans; };
    CHECK(*run(server.io, server.telemetry.ask(count)) == 99);
}

TEST_CASE("pages hear of which agent something has come", "[server][otlp]") {
    TestServer server;
    const auto talk = [](TestServer& s) -> async::Task<> {
        Link link;
        s.agents.receive(link, full_report(0), 100, at(0));
        const auto listener = co_await connect(s.options(s.page_port, "/api/live"));
        Records records;
        records.add(1, "started");
        const std::string bytes = records.bytes();
        const auto answer = co_await post(s, "/v1/logs", bytes);
        CHECK(answer.status == 200);
        const auto event = co_await listener->read();
        REQUIRE_FALSE(event);  // our client takes text for an error
        CHECK_THAT(event.error().text(), Catch::Contains("text message"));
    };
    run(server.io, talk(server));
}
