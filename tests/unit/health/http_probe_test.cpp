#include "health/http_probe.hpp"

#include <catch2/catch.hpp>

#include "async/task_group.hpp"
#include "net/http_server.hpp"
#include "support/run.hpp"

using namespace std::chrono_literals;

namespace {

/// An agent that answers with the status it is told to.
struct Agent : net::HttpHandler {
    async::Task<net::HttpResponse> respond(net::HttpRequest request) override {
        last_target = request.target;
        co_return net::HttpResponse{status, "text/plain", "", {}};
    }
    unsigned status = 200;
    std::string last_target;
};

struct Heard : health::Listener {
    void probe_up(base::Duration) override { ++ups; }
    void probe_down(base::Duration, const std::string& reason) override {
        ++downs;
        last = reason;
    }
    int ups = 0, downs = 0;
    std::string last;
};

struct Rig {
    Rig() : server(context.get_executor(), agent), group(context.get_executor()) {
        port = *server.listen("127.0.0.1:0");
        group.spawn("server", server.run());
    }
    ~Rig() { support::run(context, support::ended(group)); }
    health::HttpProbe probe() const {
        return {*net::parse_url("http://127.0.0.1:" + std::to_string(port) + "/-/ready?x=1"), 5s, 1ms};
    }

    async::asio::io_context context;
    Agent agent;
    net::HttpServer server;
    std::uint16_t port = 0;
    async::TaskGroup group;
};

}  // namespace

TEST_CASE("well is any status of the 200s", "[health]") {
    Rig rig;
    rig.agent.status = 204;
    CHECK(support::run(rig.context, health::ask(rig.probe())));
    CHECK(rig.agent.last_target == "/-/ready?x=1");
    rig.agent.status = 503;
    const auto answer = support::run(rig.context, health::ask(rig.probe()));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message().starts_with("HTTP 503 from 127.0.0.1:"));
}

TEST_CASE("an agent that does not answer is not well", "[health]") {
    async::asio::io_context context;
    const auto answer = support::run(context, health::ask({*net::parse_url("http://127.0.0.1:1/"), 5s, 1s}));
    CHECK_FALSE(answer);
}

TEST_CASE("an agent is watched until the watching is ended", "[health]") {
    Rig rig;
    Heard heard;
    rig.agent.status = 503;
    rig.group.spawn("probe", health::watch(rig.probe(), heard));
    CHECK(support::eventually(rig.context, [&] { return heard.downs >= 2; }));
    CHECK(heard.ups == 0);
    rig.agent.status = 200;
    CHECK(support::eventually(rig.context, [&] { return heard.ups >= 2; }));
}

TEST_CASE("questions come from 1 ms up until the agent is well, then at the interval", "[health]") {
    CHECK(health::next_question(false, 0ms, 10s) == 1ms);
    CHECK(health::next_question(false, 500ms, 10s) == 50ms);
    CHECK(health::next_question(false, 1h, 10s) == 10s);
    CHECK(health::next_question(true, 0ms, 10s) == 10s);
}
