// Agents over plain HTTP, and who is let in on either transport.
#include <fstream>

#include "unit/server/server_rig.hpp"

using namespace server_test;

namespace {

struct Posted {
    unsigned status = 0;
    pb::ServerToAgent message;
};

async::Task<net::HttpResponse> post_bytes(TestServer& server, std::string body,
                                          std::string type = "application/x-protobuf",
                                          std::vector<net::Header> headers = {}) {
    net::ClientOptions options;
    options.url = *net::parse_url("http://127.0.0.1:" + std::to_string(server.opamp_port) + "/v1/opamp");
    options.headers = std::move(headers);
    auto response = co_await net::http_post(options, type, body);
    if (!response) FAIL(response.error().text());
    co_return std::move(*response);
}

/// Each request has a TCP connection of its own.
Posted post(TestServer& server, const pb::AgentToServer& message, std::vector<net::Header> headers = {}) {
    const auto response =
        run(server.io, post_bytes(server, message.SerializeAsString(), "application/x-protobuf", std::move(headers)));
    Posted posted{response.status, {}};
    if (response.status == 200) {
        CHECK(response.content_type == "application/x-protobuf");
        REQUIRE(posted.message.ParseFromString(response.body));
    }
    return posted;
}

/// A token file, and the server's view of it.
struct Tokens {
    explicit Tokens(const std::string& text) {
        write(text);
        known = server::TokenFile::open(folder / "tokens");
        REQUIRE(known);
    }
    void write(const std::string& text) const { std::ofstream(folder / "tokens") << text; }

    const support::TempFolder folder;
    base::Result<server::TokenFile> known = base::Error(base::Kind::bug, "not opened");
};

/// The agent gets a token of its own.
void offer_token(TestServer& server, const std::string& header, const std::string& token) {
    opamp::ConnectionSettingsOffers offers;
    offers.opamp.emplace().destination_endpoint = "ws://h/";
    offers.opamp->headers = opamp::Headers{{header, "Bearer " + token}};
    REQUIRE(server.agents.set_settings(kUid, offers, at(0)));
}

bool is_connected(const TestServer& server, const base::Uuid& uid = kUid) {
    const server::Agent* agent = server.agents.find(uid);
    return agent != nullptr && agent->link != nullptr;
}

bool has_new_uid(const Posted& posted) {
    return posted.message.has_agent_identification();
}

std::vector<net::Header> bearer(const std::string& token) {
    return {{"Authorization", "Bearer " + token}};
}

unsigned upgrade(TestServer& server, std::vector<net::Header> headers) {
    const auto attempt = [](net::ClientOptions options) -> async::Task<unsigned> {
        net::Refusal refusal;
        const auto socket = co_await net::connect_websocket(options, refusal);
        co_return socket ? 101 : refusal.http_status;
    };
    auto options = server.options(server.opamp_port, "/v1/opamp");
    options.headers = std::move(headers);
    return run(server.io, attempt(options));
}

}  // namespace

TEST_CASE("a POST is answered with what there is to say",
          "[server][post][SRV-GEN-1][SRV-HTTP-1][SRV-STAT-1][SRV-CFG-6][SRV-CMD-1]") {
    TestServer server;
    const auto first = post(server, wire_full(0));
    CHECK(first.message.instance_uid() == kUid.bytes());
    CHECK(first.message.capabilities() != 0);
    CHECK(is_connected(server));
    REQUIRE(server.agents.set_config(kUid, kFiles, at(0)));
    REQUIRE(server.agents.restart(kUid));
    CHECK(post(server, wire_heartbeat(1)).message.has_remote_config());
    const auto restart = post(server, wire_heartbeat(2));
    CHECK(restart.message.has_command());
    CHECK_FALSE(restart.message.has_remote_config());
    CHECK_FALSE(post(server, wire_heartbeat(3)).message.has_command());
    CHECK(server.agents.all().size() == 1);
}

TEST_CASE("what is wrong with a request over HTTP", "[server][post][SRV-HTTP-1][SRV-RETRY-1][SRV-STAT-3]") {
    TestServer server;
    const auto garbage = run(server.io, post_bytes(server, "\xFF\xFF garbage"));
    CHECK(garbage.status == 200);
    pb::ServerToAgent reply;
    REQUIRE(reply.ParseFromString(garbage.body));
    CHECK(reply.error_response().type() == pb::ServerErrorResponseType_BadRequest);
    CHECK_FALSE(reply.error_response().error_message().empty());
    CHECK(run(server.io, post_bytes(server, "", "text/plain")).status == 415);
    CHECK(run(server.io, post_bytes(server, wire_full(0).SerializeAsString(), "Application/X-Protobuf; a=b")).status ==
          200);
    const auto foreign = run(server.io, post_bytes(server, wire_full(0).SerializeAsString(), "application/x-protobuf",
                                                   {{"Origin", "http://evil.example"}}));
    CHECK(foreign.status == 403);
}

TEST_CASE("the limits of plain HTTP", "[server][post][SRV-HTTP-4][SRV-HTTP-5][SRV-HTTP-6][SRV-HTTP-7]") {
    net::Limits limits;
    limits.receive_bytes = 1000;
    limits.send_bytes = 1000;
    TestServer server(limits);
    auto report = wire_full(0);
    const std::size_t rest = 1000 - report.ByteSizeLong();
    report.mutable_agent_disconnect();  // some bytes, to be replaced
    report.clear_agent_disconnect();
    report.mutable_custom_message()->set_data(std::string(rest - 6, 'x'));
    REQUIRE(report.ByteSizeLong() == 1000);
    CHECK(post(server, report).status == 200);
    CHECK(run(server.io, post_bytes(server, report.SerializeAsString() + "x")).status == 413);

    REQUIRE(server.agents.set_config(kUid, {{"", {std::string(1000, 'x'), ""}}}, at(0)));
    CHECK(post(server, wire_heartbeat(1)).status == 500);
    CHECK(server.agents.find(kUid)->withheld_bytes > 1000);
    CHECK(post(server, wire_heartbeat(1)).status == 200);
    CHECK_FALSE(post(server, wire_heartbeat(2)).message.has_remote_config());
}

TEST_CASE("an agent is connected while it polls", "[server][post][SRV-LIFE-3]") {
    TestServer server;
    server.clock = at(0);
    post(server, wire_full(0));
    server.clock = at(89);
    server.opamp.expire_polls();
    CHECK(is_connected(server));
    SECTION("until it is silent for 90 s") {
        server.clock = at(90);
        server.opamp.expire_polls();
        CHECK_FALSE(is_connected(server));
        SECTION("or for three of the intervals that it keeps") {
            server.clock = at(300);
            CHECK_FALSE(has_new_uid(post(server, wire_heartbeat(1))));
            server.clock = at(300 + 899);
            server.opamp.expire_polls();
            CHECK(is_connected(server));
            server.clock = at(300 + 900);
            server.opamp.expire_polls();
            CHECK_FALSE(is_connected(server));
        }
    }
    SECTION("until it says goodbye") {
        auto goodbye = wire_heartbeat(1);
        goodbye.mutable_agent_disconnect();
        CHECK(post(server, goodbye).status == 200);
        CHECK_FALSE(is_connected(server));
    }
}

TEST_CASE("polls of one agent are told from those of two", "[server][post][SRV-UID-3]") {
    TestServer server;
    auto other = wire_full(0);
    other.mutable_health()->set_last_error("I am another");
    REQUIRE_FALSE(has_new_uid(post(server, wire_full(0))));
    for (std::uint64_t sequence = 1; sequence < 5; ++sequence)
        REQUIRE_FALSE(has_new_uid(post(server, wire_heartbeat(sequence))));
    SECTION("a copy, a gap and a restart are no second agent") {
        CHECK_FALSE(has_new_uid(post(server, wire_heartbeat(4))));
        CHECK_FALSE(has_new_uid(post(server, wire_heartbeat(7))));
        CHECK_FALSE(has_new_uid(post(server, wire_full(0))));
        for (std::uint64_t sequence = 1; sequence < 12; ++sequence)
            CHECK_FALSE(has_new_uid(post(server, wire_heartbeat(sequence))));
        CHECK(server.agents.all().size() == 1);
    }
    SECTION("numbers that go on beside others are") {
        CHECK_FALSE(has_new_uid(post(server, other)));
        CHECK_FALSE(has_new_uid(post(server, wire_heartbeat(5))));  // the first one goes on
        const auto renamed = post(server, wire_heartbeat(1));       // the other one
        REQUIRE(has_new_uid(renamed));
        CHECK_FALSE(has_new_uid(post(server, wire_heartbeat(6))));
        const auto uid = *base::Uuid::from_bytes(renamed.message.agent_identification().new_instance_uid());
        CHECK_FALSE(has_new_uid(post(server, wire_heartbeat(2, uid))));
        CHECK(server.agents.all().size() == 2);
        CHECK(is_connected(server));
        CHECK(is_connected(server, uid));
    }
}

TEST_CASE("an agent moves from one transport to the other", "[server][post][SRV-UID-3]") {
    TestServer server({}, std::chrono::milliseconds(50));
    post(server, wire_full(0));
    const auto move = [](TestServer& s) -> async::Task<> {
        const auto socket = co_await connect(s.options(s.opamp_port, "/v1/opamp"));
        const auto reply = co_await exchange(*socket, wire_full(1));
        CHECK_FALSE(reply.has_agent_identification());
        CHECK(s.agents.find(kUid)->link->delivery == opamp::Delivery::pushes);
        auto goodbye = wire_heartbeat(2);
        goodbye.mutable_agent_disconnect();
        co_await exchange(*socket, goodbye);
        co_await socket->close(net::CloseCode::normal, "");
    };
    run(server.io, move(server));
    CHECK_FALSE(has_new_uid(post(server, wire_full(3))));
    CHECK(server.agents.all().size() == 1);
    CHECK(is_connected(server));
}

TEST_CASE("posts that wait beside each other for a sign of life are all answered", "[server][post][SRV-UID-3]") {
    TestServer server({}, std::chrono::milliseconds(50));
    const auto talk = [](TestServer& s) -> async::Task<> {
        using namespace async;
        const auto silent = co_await connect(s.options(s.opamp_port, "/v1/opamp"));
        co_await exchange(*silent, wire_full(0));
        const auto claim = [&](std::uint64_t sequence) {
            return post_bytes(s, wire_full(sequence).SerializeAsString());
        };
        const auto [a, b, c, d, e, f] =
            co_await (claim(10) && claim(20) && claim(30) && claim(40) && claim(50) && claim(60));
        for (const auto* response : {&a, &b, &c, &d, &e, &f}) CHECK(response->status == 200);
    };
    run(server.io, talk(server));
    CHECK(is_connected(server));
    for (const std::uint64_t sequence : {11, 21, 31, 41, 51, 61})
        CHECK(post(server, wire_heartbeat(sequence)).status == 200);
}

TEST_CASE("without a valid token nobody is let in", "[server][post][SRV-LIFE-2]") {
    Tokens tokens("# of the fleet\nfirst-token\nuser:pass:word\n");
    TestServer server({}, std::chrono::seconds(30), &*tokens.known);
    struct Row {
        std::vector<net::Header> headers;
        unsigned status;
    };
    for (const Row& row : {Row{{}, 401},
                           {bearer("wrong"), 401},
                           {{{"Authorization", "Bearer"}}, 401},
                           {{{"Authorization", "bearer first-token"}}, 0},
                           {{{"Authorization", "Basic dXNlcjpwYXNzOndvcmQ="}}, 0},
                           {bearer("first-token"), 0}}) {
        CHECK(post(server, wire_full(0), row.headers).status == (row.status == 0 ? 200 : row.status));
        CHECK(upgrade(server, row.headers) == (row.status == 0 ? 101 : row.status));
    }
    const auto refused = run(server.io, post_bytes(server, ""));
    CHECK(refused.header("WWW-Authenticate") == "Bearer realm=\"opamp\"");
    tokens.write("another-token\n");
    CHECK(post(server, wire_full(0), bearer("first-token")).status == 401);
    CHECK(post(server, wire_full(0), bearer("another-token")).status == 200);
    tokens.write("");  // not read: the lines before stay in force
    CHECK(post(server, wire_full(0), bearer("another-token")).status == 200);
}

TEST_CASE("an offered token takes the place of the old one when it is used", "[server][post][SRV-CONN-4]") {
    Tokens tokens("shared\n");
    TestServer server({}, std::chrono::seconds(30), &*tokens.known);
    const auto offer = [&](const std::string& token) { offer_token(server, "authorization", token); };
    CHECK(post(server, wire_full(0), bearer("shared")).status == 200);
    offer("own-1");
    CHECK(post(server, wire_heartbeat(1), bearer("shared")).status == 200);
    CHECK(post(server, wire_heartbeat(2), bearer("own-1")).status == 200);
    CHECK(post(server, wire_heartbeat(3), bearer("shared")).status == 401);
    CHECK(post(server, wire_full(0, kOtherUid), bearer("shared")).status == 200);
    offer("own-2");
    CHECK(upgrade(server, bearer("own-1")) == 101);
    CHECK(post(server, wire_heartbeat(3), bearer("own-1")).status == 200);
    CHECK(post(server, wire_heartbeat(4), bearer("own-2")).status == 200);
    CHECK(upgrade(server, bearer("own-1")) == 401);
}

TEST_CASE("an agent with a token of its own is not spoken for over a WebSocket with another",
          "[server][post][SRV-CONN-4]") {
    Tokens tokens("shared\n");
    TestServer server({}, std::chrono::seconds(30), &*tokens.known);
    post(server, wire_full(0), bearer("shared"));
    offer_token(server, "Authorization", "own");
    post(server, wire_heartbeat(1), bearer("own"));
    const auto talk = [](TestServer& s) -> async::Task<> {
        auto options = s.options(s.opamp_port, "/v1/opamp");
        options.headers = bearer("shared");
        const auto socket = co_await connect(options);
        const auto frame = opamp::encode_frame(wire_full(2).SerializeAsString());
        const auto sent = co_await socket->write(frame);
        REQUIRE(sent);
        const auto end = co_await socket->read();
        REQUIRE_FALSE(end);
        CHECK_THAT(end.error().text(), Catch::Contains("1008"));
    };
    run(server.io, talk(server));
    CHECK(server.agents.find(kUid)->session.sequence_num() == 1);
}

TEST_CASE("agents are turned away when the switch says so", "[server][post][SRV-RETRY-2][SRV-RETRY-3]") {
    TestServer server;
    using Mode = server::Throttle::Mode;
    server.throttle = {Mode::unavailable, std::chrono::milliseconds(2500)};
    const auto away = post(server, wire_full(0));
    CHECK(away.message.error_response().type() == pb::ServerErrorResponseType_Unavailable);
    CHECK(away.message.error_response().retry_info().retry_after_nanoseconds() == 2'500'000'000);
    CHECK(server.agents.all().empty());
    for (const auto& [mode, status] : {std::pair(Mode::http_503, 503u), std::pair(Mode::http_429, 429u)}) {
        server.throttle.mode = mode;
        CHECK(upgrade(server, {}) == status);
        const auto response = run(server.io, post_bytes(server, wire_full(0).SerializeAsString()));
        CHECK(response.status == status);
        CHECK(response.header("Retry-After") == "3");
    }
    server.throttle = {};
    CHECK(post(server, wire_full(0)).status == 200);
}
