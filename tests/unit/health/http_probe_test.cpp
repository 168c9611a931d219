#include "health/http_probe.hpp"

#include <catch2/catch.hpp>

#include "async/task_group.hpp"
#include "health/watch.hpp"
#include "net/http_server.hpp"
#include "support/run.hpp"
#include "unit/net/tls_rig.hpp"

using namespace std::chrono_literals;

namespace {

/// An agent that answers with the status it is told to.
struct Agent : net::HttpHandler {
    async::Task<net::HttpResponse> respond(net::HttpRequest request) override {
        last_target = request.target;
        co_return net::HttpResponse{status, "text/plain", body, {}};
    }
    unsigned status = 200;
    std::string body;
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
        return {*net::parse_url("http://127.0.0.1:" + std::to_string(port) + "/-/ready?x=1"), 5s};
    }
    base::Result<void> ask(const health::HttpProbe& probe) { return support::run(context, health::ask(probe)); }

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
    CHECK(answer.error().message() == "HTTP 503 from 127.0.0.1:" + std::to_string(rig.port) + "/-/ready");
}

TEST_CASE("well is any status that the settings call good", "[health]") {
    Rig rig;
    health::HttpProbe probe = rig.probe();
    probe.good = {{200, 204}, {401, 401}};
    for (const auto& [status, is_good] :
         {std::pair(200u, true), {204u, true}, {205u, false}, {401u, true}, {403u, false}}) {
        INFO(status);
        rig.agent.status = status;
        CHECK(static_cast<bool>(rig.ask(probe)) == is_good);
    }
}

TEST_CASE("well is an answer with a line that matches", "[health]") {
    Rig rig;
    health::HttpProbe probe = rig.probe();
    probe.body = "status: o?";
    rig.agent.body = "version: 1\r\nstatus: ok\r\n";
    CHECK(rig.ask(probe));
    rig.agent.body = "status: starting\n";
    const auto answer = rig.ask(probe);
    REQUIRE_FALSE(answer);
    CHECK(answer.error().message().ends_with("matches 'status: o?'"));
    rig.agent.body.clear();
    CHECK_FALSE(rig.ask(probe));
}

TEST_CASE("over TLS the agent is verified, unless the settings say otherwise", "[health][tls]") {
    using namespace net_test;
    const auto identity = make_identity(authority(), "IP:127.0.0.1");
    const Folder folder;
    const auto ask = [&](const net::TlsOptions& tls) {
        Peer peer(greets(server_context(identity)));
        health::HttpProbe probe{peer.options("https").url, 30s};
        probe.body = "hel*";
        probe.tls = tls;
        return run(peer.io, health::ask(probe));
    };
    net::TlsOptions trusting, careless;
    trusting.ca_file = folder.add("ca.pem", authority().certificate);
    careless.insecure_skip_verify = true;
    CHECK(ask(trusting));
    CHECK(ask(careless));
    CHECK_FALSE(ask({}));
}

TEST_CASE("an agent that does not answer is not well", "[health]") {
    async::asio::io_context context;
    const auto answer =
        support::run(context, health::ask(health::HttpProbe{*net::parse_url("http://127.0.0.1:1/"), 5s}));
    CHECK_FALSE(answer);
}

TEST_CASE("an agent is watched until the watching is ended", "[health]") {
    Rig rig;
    Heard heard;
    rig.agent.status = 503;
    rig.group.spawn("probe", health::watch(rig.probe(), {1ms, 1}, heard));
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

TEST_CASE("a pause is up to a tenth longer or shorter", "[health]") {
    CHECK(health::spread(10s, 0) == 9s);
    CHECK(health::spread(10s, 100) == 10s);
    CHECK(health::spread(10s, 200) == 11s);
    CHECK(health::spread(10s, 201) == 9s);
    CHECK(health::spread(1ms, 0) == 900us);
}
