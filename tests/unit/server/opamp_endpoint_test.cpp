// Agents over real WebSockets.
#include "server/opamp_endpoint.hpp"

#include "unit/server/server_rig.hpp"

using namespace server_test;
using namespace std::string_literals;
using Socket = std::unique_ptr<net::WebSocket>;

namespace {

constexpr const char* kPath = "/v1/opamp";

async::Task<Socket> connect(TestServer& server) {
    return server_test::connect(server.options(server.opamp_port, kPath));
}

/// The error that ends a connection.
async::Task<std::string> end_of(net::WebSocket& socket) {
    const auto message = co_await socket.read();
    REQUIRE_FALSE(message);
    co_return message.error().text();
}

bool is_connected(const TestServer& server, const base::Uuid& uid = kUid) {
    const server::Agent* agent = server.agents.find(uid);
    return agent != nullptr && agent->link != nullptr;
}

async::Task<> until_disconnected(const TestServer& server) {
    while (is_connected(server)) co_await async::sleep_for(std::chrono::milliseconds(1));
}

}  // namespace

TEST_CASE("an agent is answered over a WebSocket", "[server][endpoint][SRV-WS-1][SRV-STAT-1][SRV-STAT-7]") {
    TestServer server;
    const auto talk = [](TestServer& s) -> async::Task<> {
        const Socket socket = co_await connect(s);
        const auto first = co_await exchange(*socket, wire_full(0));
        CHECK(first.instance_uid() == kUid.bytes());
        CHECK(first.capabilities() != 0);
        CHECK(is_connected(s));
        for (std::uint64_t sequence = 1; sequence <= 10; ++sequence) {
            const auto reply = co_await exchange(*socket, wire_heartbeat(sequence));
            CHECK(reply.instance_uid() == kUid.bytes());
            CHECK_FALSE(reply.has_error_response());
        }
        co_await socket->close(net::CloseCode::normal, "");
        co_await until_disconnected(s);
    };
    run(server.io, talk(server));
}

TEST_CASE("many reports at once are all answered, in order", "[server][endpoint][SRV-STAT-1]") {
    TestServer server;
    const auto talk = [](TestServer& s) -> async::Task<> {
        const Socket socket = co_await connect(s);
        for (std::uint64_t sequence = 0; sequence < 200; ++sequence) {
            const auto uid = sequence % 2 == 0 ? kUid : kOtherUid;
            const auto frame = opamp::encode_frame(wire_full(sequence, uid).SerializeAsString());
            const auto sent = co_await socket->write(frame);
            REQUIRE(sent);
        }
        for (std::uint64_t sequence = 0; sequence < 200; ++sequence) {
            const auto reply = co_await read_message(*socket);
            CHECK(reply.instance_uid() == (sequence % 2 == 0 ? kUid : kOtherUid).bytes());
        }
    };
    run(server.io, talk(server));
}

TEST_CASE("what is malformed is answered, not recorded, and survived",
          "[server][endpoint][SRV-WS-2][SRV-WS-3][SRV-STAT-3][SRV-RETRY-1][GAP-57]") {
    TestServer server;
    const auto talk = [](TestServer& s) -> async::Task<> {
        const Socket socket = co_await connect(s);
        const std::string body = wire_full(0).SerializeAsString();
        for (const std::string& frame : {"\x01"s + body, "\x7F"s + body, ""s, "\0"s, "\0\xFF\xFF\xFF"s}) {
            const auto reply = co_await exchange_bytes(*socket, frame);
            CHECK(reply.error_response().type() == pb::ServerErrorResponseType_BadRequest);
            CHECK_FALSE(reply.error_response().error_message().empty());
        }
        CHECK(s.agents.all().empty());
        const auto overlong = co_await exchange_bytes(*socket, "\x80\0"s + body);
        CHECK_FALSE(overlong.has_error_response());
        CHECK(is_connected(s));
    };
    run(server.io, talk(server));
}

TEST_CASE("a message over the limit ends the connection with 1009",
          "[server][endpoint][SRV-WS-4][SRV-WS-5][SRV-WS-8]") {
    net::Limits limits;
    limits.receive_bytes = 1000;
    TestServer server(limits);
    const auto talk = [](TestServer& s) -> async::Task<> {
        const Socket socket = co_await connect(s);
        auto big = wire_full(0);
        big.mutable_health()->set_last_error(std::string(1000, 'x'));
        const auto frame = opamp::encode_frame(big.SerializeAsString());
        const auto sent = co_await socket->write(frame);
        REQUIRE(sent);
        CHECK_THAT(co_await end_of(*socket), Catch::Contains("1009"));
        CHECK(s.agents.all().empty());
    };
    run(server.io, talk(server));
}

TEST_CASE("a message over the send limit is not sent, and the connection goes on",
          "[server][endpoint][SRV-WS-6][SRV-WS-7]") {
    net::Limits limits;
    limits.send_bytes = 1000;
    TestServer server(limits);
    const auto talk = [](TestServer& s) -> async::Task<> {
        const Socket socket = co_await connect(s);
        co_await exchange(*socket, wire_full(0));
        const opamp::ConfigMap big = {{"", {std::string(1000, 'x'), ""}}};
        REQUIRE(s.agents.set_config(kUid, big, at(0)));
        const auto reply = co_await exchange(*socket, wire_heartbeat(1));
        CHECK_FALSE(reply.has_remote_config());
        const opamp::ConfigMap small = kFiles;
        REQUIRE(s.agents.set_config(kUid, small, at(1)));
        const auto push = co_await read_message(*socket);
        CHECK(push.remote_config().config_hash() == opamp::config_hash(kFiles));
    };
    run(server.io, talk(server));
}

TEST_CASE("a config and a restart are pushed to an idle agent", "[server][endpoint][SRV-CFG-6][SRV-CMD-1]") {
    TestServer server;
    const auto talk = [](TestServer& s) -> async::Task<> {
        const Socket socket = co_await connect(s);
        co_await exchange(*socket, wire_full(0));
        REQUIRE(s.agents.set_config(kUid, kFiles, at(0)));
        const auto config = co_await read_message(*socket);
        CHECK(config.remote_config().config().config_map().at("").body() == "instrument: true\n");
        REQUIRE(s.agents.restart(kUid));
        const auto restart = co_await read_message(*socket);
        CHECK(restart.has_command());
        CHECK_FALSE(restart.has_remote_config());
    };
    run(server.io, talk(server));
}

TEST_CASE("a text message ends the connection", "[server][endpoint]") {
    TestServer server;
    const auto talk = [](TestServer& s) -> async::Task<> {
        const Socket socket = co_await connect(s);
        const auto sent = co_await socket->write_text("hello");
        REQUIRE(sent);
        CHECK_THAT(co_await end_of(*socket), Catch::Contains("1003"));
    };
    run(server.io, talk(server));
}

TEST_CASE("a server that stops says Close 1001 to every agent", "[server][endpoint][SRV-LIFE-1]") {
    TestServer server;
    const auto talk = [](TestServer& s) -> async::Task<> {
        const Socket one = co_await connect(s);
        const Socket other = co_await connect(s);
        co_await exchange(*one, wire_full(0));
        s.tasks.cancel();
        CHECK_THAT(co_await end_of(*one), Catch::Contains("1001"));
        CHECK_THAT(co_await end_of(*other), Catch::Contains("1001"));
        CHECK_FALSE(is_connected(s));
    };
    run(server.io, talk(server));
}

TEST_CASE("a second connection with the uid of a living agent gets another uid", "[server][endpoint][SRV-UID-3]") {
    TestServer server;
    const auto old_agent = [](net::WebSocket& socket) -> async::Task<> {
        const auto asked = co_await read_message(socket);
        CHECK(asked.flags() == pb::ServerToAgentFlags_ReportFullState);
        const auto reply = co_await exchange(socket, wire_full(1));
        CHECK_FALSE(reply.has_agent_identification());
    };
    const auto new_agent = [](net::WebSocket& socket) -> async::Task<> {
        const auto reply = co_await exchange(socket, wire_full(0));
        CHECK(reply.instance_uid() == kUid.bytes());
        CHECK(reply.agent_identification().new_instance_uid().size() == 16);
    };
    const auto talk = [](TestServer& s, auto& first, auto& second) -> async::Task<> {
        using namespace async;
        const Socket one = co_await connect(s);
        co_await exchange(*one, wire_full(0));
        const Socket other = co_await connect(s);
        co_await (first(*one) && second(*other));
        CHECK(s.agents.all().size() == 2);
        CHECK(is_connected(s));
    };
    run(server.io, talk(server, old_agent, new_agent));
}

TEST_CASE("an agent keeps its uid when its first connection is dead", "[server][endpoint][SRV-UID-3]") {
    TestServer server({}, std::chrono::milliseconds(50));
    const auto talk = [](TestServer& s) -> async::Task<> {
        const Socket silent = co_await connect(s);
        co_await exchange(*silent, wire_full(0));
        const Socket alive = co_await connect(s);
        const auto reply = co_await exchange(*alive, wire_full(1));  // while `silent` answers nothing
        CHECK_FALSE(reply.has_agent_identification());
        CHECK(s.agents.all().size() == 1);
        REQUIRE(s.agents.set_config(kUid, kFiles, at(0)));
        const auto push = co_await read_message(*alive);
        CHECK(push.has_remote_config());
    };
    run(server.io, talk(server));
}

TEST_CASE("only agents are let in, and only at the path", "[server][endpoint][SRV-GEN-2]") {
    TestServer server;
    const auto refused = [](net::ClientOptions options) -> async::Task<unsigned> {
        net::Refusal refusal;
        const auto socket = co_await net::connect_websocket(options, refusal);
        CHECK_FALSE(socket);
        co_return refusal.http_status;
    };
    CHECK(run(server.io, refused(server.options(server.opamp_port, "/other"))) == 404);
    auto options = server.options(server.opamp_port, kPath);
    options.headers = {{"Origin", "http://evil.example"}};
    CHECK(run(server.io, refused(options)) == 403);
}
