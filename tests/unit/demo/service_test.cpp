#include "demo/service.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

#include "telemetry/trace_context.hpp"

namespace {

/// The service without sockets: what it answers, and what it writes.
struct Rig {
    explicit Rig(const char* yaml)
        : instrumentation(context.get_executor(), {}, console, demo::parse_settings(yaml).value()),
          service(instrumentation) {
        service.listens_on(8080);
    }

    net::HttpResponse ask(net::HttpRequest request) {
        context.restart();
        auto response = async::asio::co_spawn(context, service.respond(std::move(request)), async::asio::use_future);
        context.run();
        return response.get();
    }
    void update(const char* yaml) { instrumentation.update(demo::parse_settings(yaml).value()); }
    long lines() const {
        const std::string text = console.str();
        return std::count(text.begin(), text.end(), '\n');
    }

    async::asio::io_context context;
    std::ostringstream console;
    demo::Instrumentation instrumentation;
    demo::Service service;
};

net::HttpRequest get(std::string target, std::vector<net::Header> headers = {}) {
    return {"GET", std::move(target), std::move(headers), "", "127.0.0.1:999"};
}

/// Of the response's traceparent header.
telemetry::SpanContext span_of(const net::HttpResponse& response) {
    return telemetry::extract({std::string(response.header("traceparent")), {}, {}}).value();
}

const std::string kIncoming = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

}  // namespace

TEST_CASE("without instrument no request leaves a span", "[demo]") {
    Rig rig("instrument: false");
    const auto response = rig.ask(get("/", {{"traceparent", kIncoming}}));
    CHECK(response.status == 200);
    CHECK_THAT(response.body, Catch::Contains("requests served: 1\n") && Catch::Contains("instrumented: no\n"));
    CHECK(response.headers.empty());
    CHECK(rig.console.str().empty());
}

TEST_CASE("with instrument a request is one line, and the response names its span", "[demo]") {
    Rig rig("instrument: true");
    const auto response = rig.ask(get("/?token=secret", {{"Traceparent", kIncoming}}));
    const std::string line = rig.console.str();
    CHECK_THAT(response.body, Catch::Contains("instrumented: yes\n"));
    CHECK(rig.lines() == 1);
    CHECK_THAT(line,
               Catch::StartsWith(R"({"name":"GET /","kind":"SERVER","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)"));
    CHECK_THAT(line, Catch::Contains(R"("parent_span_id":"00f067aa0ba902b7","trace_flags":"01")"));
    CHECK_THAT(line, Catch::Contains(R"("server.port":8080)") && Catch::Contains(R"("http.response.status_code":200)"));
    CHECK_THAT(line, !Catch::Contains("secret"));
    REQUIRE(response.headers.size() == 1);
    CHECK(response.headers[0].name == "traceparent");
    CHECK_THAT(line, Catch::Contains("\"span_id\":\"" + span_of(response).span_id.hex() + "\""));
}

TEST_CASE("two traceparent headers begin a new trace", "[demo]") {
    Rig rig("instrument: true");
    rig.ask(get("/", {{"traceparent", kIncoming}, {"TRACEPARENT", kIncoming}}));
    CHECK_THAT(rig.console.str(), Catch::Contains("\"parent_span_id\":\"\"") && !Catch::Contains("4bf92f35"));
}

TEST_CASE("the name of a span is of few values, whatever is asked", "[demo]") {
    Rig rig("instrument: true");
    CHECK(rig.ask(get("/some/\"where\x01\xff")).status == 404);
    CHECK_THAT(rig.console.str(), Catch::StartsWith(R"({"name":"GET",)"));
    CHECK_THAT(rig.console.str(), Catch::Contains("\"url.path\":\"/some/\\\"where\\u0001\xEF\xBF\xBD\""));
    net::HttpRequest odd = get("/healthz");
    odd.method = "BREW";
    CHECK(rig.ask(odd).status == 405);
    CHECK_THAT(rig.console.str(), Catch::Contains(R"({"name":"HTTP /healthz",)"));
}

TEST_CASE("a response says whether its span was recorded, and settings decide from the next request on", "[demo]") {
    Rig rig("instrument: true");
    CHECK(span_of(rig.ask(get("/"))).is_sampled);
    CHECK(rig.lines() == 1);

    rig.update("{instrument: true, sampler: always_off}");
    const auto unsampled = span_of(rig.ask(get("/", {{"traceparent", kIncoming}})));
    CHECK_FALSE(unsampled.is_sampled);
    CHECK(unsampled.trace_id.hex() == "4bf92f3577b34da6a3ce929d0e0e4736");
    CHECK(rig.lines() == 1);

    rig.update("{instrument: true, sampler: parentbased_always_off}");
    CHECK(span_of(rig.ask(get("/", {{"traceparent", kIncoming}}))).is_sampled);
    CHECK_FALSE(span_of(rig.ask(get("/"))).is_sampled);
    CHECK(rig.lines() == 2);

    rig.update("{instrument: true, sampler: {type: rate_limited, per_second: 1}}");
    CHECK(span_of(rig.ask(get("/"))).is_sampled);
    CHECK_FALSE(span_of(rig.ask(get("/"))).is_sampled);
    CHECK(rig.lines() == 3);

    rig.update("{instrument: true, exporter: {console: false}}");
    CHECK(rig.ask(get("/", {{"traceparent", kIncoming}})).headers.empty());  // nobody would get it
    CHECK(rig.lines() == 3);
}

TEST_CASE("GET /metrics has what was measured, where the settings say so", "[demo]") {
    Rig rig("instrument: false");
    rig.ask(get("/"));
    CHECK(rig.ask(get("/metrics")).body.empty());
    rig.update("{instrument: true, exporter: {console: false}}");
    rig.ask(get("/"));
    rig.ask(get("/nowhere"));
    const auto response = rig.ask(get("/metrics"));
    CHECK_THAT(response.content_type, Catch::StartsWith("text/plain; version=0.0.4"));
    CHECK_THAT(response.body, Catch::Contains("demo_config_updates_total{result=\"ok\"} 1\n"));
    CHECK_THAT(response.body,
               Catch::Contains("http_server_request_duration_seconds_count{http_request_method=\"GET\",http_"
                               "response_status_code=\"404\",url_scheme=\"http\"} 1\n"));
}

TEST_CASE("GET /config shows what is in force and how often it was updated", "[demo]") {
    Rig rig("instrument: false");
    CHECK_THAT(rig.ask(get("/config")).body, Catch::StartsWith("updates: 0\nfailed_updates: 0\ninstrument: false\n"));
    rig.instrumentation.note_failed_update();
    rig.update("exporter: {otlp: {endpoint: http://127.0.0.1:4318, headers: {X-Token: hunter2}}}");
    const auto body = rig.ask(get("/config")).body;
    CHECK_THAT(body, Catch::StartsWith("updates: 1\nfailed_updates: 1\ninstrument: false\n"));
    CHECK_THAT(body, Catch::Contains("http://127.0.0.1:4318/v1/metrics") && Catch::Contains("headers: [X-Token]"));
    CHECK_THAT(body, !Catch::Contains("hunter2"));
}
