// The two endpoints behind real sockets, and agents that speak to them.
#pragma once

#include <opamp/v1/opamp.pb.h>

#include "opamp/frame.hpp"
#include "server/agents_port.hpp"
#include "server/live.hpp"
#include "server/page.hpp"
#include "unit/net/rig.hpp"
#include "unit/server/rig.hpp"

namespace server_test {

namespace asio = async::asio;
namespace pb = opamp::proto::v1;
using net_test::run;

inline pb::AgentToServer wire_heartbeat(std::uint64_t sequence, const base::Uuid& uid = kUid) {
    pb::AgentToServer message;
    message.set_instance_uid(uid.bytes());
    message.set_sequence_num(sequence);
    message.set_capabilities(kEverything);
    return message;
}

inline pb::AgentToServer wire_full(std::uint64_t sequence, const base::Uuid& uid = kUid) {
    pb::AgentToServer message = wire_heartbeat(sequence, uid);
    message.mutable_agent_description();
    message.mutable_health()->set_healthy(true);
    message.mutable_effective_config();
    message.mutable_remote_config_status();
    return message;
}

/// Serves as long as this object lives.
class TestServer {
public:
    explicit TestServer(net::Limits limits = {}, std::chrono::nanoseconds sign_of_life = std::chrono::seconds(30),
                        server::TokenFile* tokens = nullptr)
        : store(std::move(*server::Store::open(":memory:"))),
          telemetry(
              io.get_executor(), std::move(*server::TelemetryStore::open(":memory:", {})),
              [this](const base::Uuid& uid) { return agents.find(uid) != nullptr; },
              [this](const base::Uuid& uid, server::Signal signal) { live.telemetry_received(uid, signal); }),
          agents(*store, live, {10'000, 1u << 30, limits.send_bytes}),
          opamp(agents, endpoint_options(sign_of_life, tokens)),
          otlp(telemetry),
          agents_port(opamp, otlp),
          page(agents, telemetry, live, throttle),
          opamp_http(io.get_executor(), agents_port, limits),
          page_http(io.get_executor(), page),
          tasks(io.get_executor()) {
        opamp_port = *opamp_http.listen("127.0.0.1:0");
        page_port = *page_http.listen("127.0.0.1:0");
        opamp.set_address("127.0.0.1:" + std::to_string(opamp_port));
        page.set_addresses("127.0.0.1:" + std::to_string(page_port), "ws://x", "http://x");
        tasks.spawn("opamp", opamp_http.run());
        tasks.spawn("polls", opamp.watch_polls());
        tasks.spawn("page", page_http.run());
        tasks.spawn("news", telemetry.tell_news());
    }
    ~TestServer() { stop(); }
    void stop() { run(io, end()); }
    net::ClientOptions options(std::uint16_t port, const std::string& target) const {
        net::ClientOptions options;
        options.url = *net::parse_url("ws://127.0.0.1:" + std::to_string(port) + target);
        return options;
    }

    server::EndpointOptions endpoint_options(std::chrono::nanoseconds sign_of_life, server::TokenFile* tokens) {
        server::EndpointOptions options;
        options.sign_of_life = sign_of_life;
        options.throttle = &throttle;
        options.tokens = tokens;
        options.clock = [this] { return clock.value_or(std::chrono::system_clock::now()); };
        return options;
    }

    /// On the loop, as everywhere: a cancellation from outside it is delivered later, perhaps to a task that has ended.
    async::Task<> end() {
        tasks.cancel();
        co_await tasks.joined();
    }

    asio::io_context io;
    std::optional<server::Time> clock;  ///< None: the system's.
    server::Throttle throttle;
    std::unique_ptr<server::Store> store;
    server::Live live;
    server::TelemetryKeeper telemetry;
    server::Agents agents;
    server::OpampEndpoint opamp;
    server::OtlpEndpoint otlp;
    server::AgentsPort agents_port;
    server::PageEndpoint page;
    net::HttpServer opamp_http;
    net::HttpServer page_http;
    async::TaskGroup tasks;
    std::uint16_t opamp_port = 0;
    std::uint16_t page_port = 0;
};

/// A connection; fails the test where it is refused.
inline async::Task<std::unique_ptr<net::WebSocket>> connect(net::ClientOptions options) {
    net::Refusal refusal;
    auto socket = co_await net::connect_websocket(options, refusal);
    if (!socket) FAIL(socket.error().text());
    co_return std::move(*socket);
}

inline async::Task<pb::ServerToAgent> read_message(net::WebSocket& socket) {
    const auto frame = co_await socket.read();
    if (!frame) FAIL(frame.error().text());
    const auto payload = opamp::decode_frame(*frame);
    REQUIRE(payload);
    CHECK(frame->at(0) == '\0');
    pb::ServerToAgent message;
    REQUIRE(message.ParseFromArray(payload->data(), static_cast<int>(payload->size())));
    co_return message;
}

inline async::Task<pb::ServerToAgent> exchange_bytes(net::WebSocket& socket, std::string frame) {
    const auto sent = co_await socket.write(frame);
    REQUIRE(sent);
    co_return co_await read_message(socket);
}

inline async::Task<pb::ServerToAgent> exchange(net::WebSocket& socket, const pb::AgentToServer& message) {
    return exchange_bytes(socket, opamp::encode_frame(message.SerializeAsString()));
}

}  // namespace server_test
