#include "demo/service.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <sstream>

namespace {

/// The service without sockets: what it answers, and what it writes.
struct Rig {
    explicit Rig(bool instrument) : service({instrument}, spans) { service.listens_on(8080); }

    net::HttpResponse ask(net::HttpRequest request) {
        async::asio::io_context context;
        auto response = async::asio::co_spawn(context, service.respond(std::move(request)), async::asio::use_future);
        context.run();
        return response.get();
    }

    std::ostringstream spans;
    demo::Service service;
};

net::HttpRequest get(std::string target, std::vector<net::Header> headers = {}) {
    return {"GET", std::move(target), std::move(headers), "", "127.0.0.1:999"};
}

const std::string kIncoming = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

}  // namespace

TEST_CASE("without instrument no request leaves a span", "[demo]") {
    Rig rig(false);
    const auto response = rig.ask(get("/", {{"traceparent", kIncoming}}));
    CHECK(response.status == 200);
    CHECK_THAT(response.body, Catch::Contains("requests served: 1\n") && Catch::Contains("instrumented: no\n"));
    CHECK(response.headers.empty());
    CHECK(rig.spans.str().empty());
}

TEST_CASE("with instrument a request is one line, and the response names its span", "[demo]") {
    Rig rig(true);
    const auto response = rig.ask(get("/?token=secret", {{"Traceparent", kIncoming}}));
    const std::string line = rig.spans.str();
    CHECK_THAT(response.body, Catch::Contains("instrumented: yes\n"));
    CHECK(std::count(line.begin(), line.end(), '\n') == 1);
    CHECK_THAT(line,
               Catch::StartsWith(R"({"name":"GET /","kind":"SERVER","trace_id":"4bf92f3577b34da6a3ce929d0e0e4736",)"));
    CHECK_THAT(line, Catch::Contains(R"("parent_span_id":"00f067aa0ba902b7","trace_flags":"01")"));
    CHECK_THAT(line, Catch::Contains(R"("server.port":8080)") && Catch::Contains(R"("http.response.status_code":200)"));
    CHECK_THAT(line, !Catch::Contains("secret"));
    REQUIRE(response.headers.size() == 1);
    CHECK(response.headers[0].name == "traceparent");
    const auto self = demo::parse_traceparent(response.headers[0].value);
    REQUIRE(self);
    CHECK_THAT(line, Catch::Contains("\"span_id\":\"" + self->span_id + "\""));
}

TEST_CASE("two traceparent headers begin a new trace", "[demo]") {
    Rig rig(true);
    rig.ask(get("/", {{"traceparent", kIncoming}, {"TRACEPARENT", kIncoming}}));
    CHECK_THAT(rig.spans.str(), Catch::Contains("\"parent_span_id\":\"\"") && !Catch::Contains("4bf92f35"));
}

TEST_CASE("the name of a span is of few values, whatever is asked", "[demo]") {
    Rig rig(true);
    CHECK(rig.ask(get("/some/\"where\x01\xff")).status == 404);
    CHECK_THAT(rig.spans.str(), Catch::StartsWith(R"({"name":"GET",)"));
    CHECK_THAT(rig.spans.str(), Catch::Contains("\"url.path\":\"/some/\\\"where\\u0001\xEF\xBF\xBD\""));
    net::HttpRequest odd = get("/healthz");
    odd.method = "BREW";
    CHECK(rig.ask(odd).status == 405);
    CHECK_THAT(rig.spans.str(), Catch::Contains(R"({"name":"HTTP /healthz",)"));
}
