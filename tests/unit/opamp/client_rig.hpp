// A client's session with its clock, and its messages decoded.
#pragma once

#include <opamp/v1/opamp.pb.h>

#include <catch2/catch.hpp>
#include <optional>
#include <string>
#include <utility>

#include "opamp/client_session.hpp"

namespace client_rig {

namespace pb = opamp::proto::v1;

inline const auto kUid = *base::Uuid::parse("018f3a6c-5d2e-7b9a-8c0d-112233445566");
constexpr std::uint64_t kEverything = 0xFFFF & ~(opamp::kAcceptsPackages | opamp::kReportsPackageStatuses);

inline opamp::EffectiveConfig effective(opamp::ConfigMap files) {
    std::string all;
    for (const auto& [name, file] : files) all += name + '\0' + file.body + '\0' + file.content_type + '\0';
    return {all, [files = std::move(files)] { return std::optional(files); }};
}

struct Rig {
    explicit Rig(std::uint64_t capabilities = kEverything,
                 opamp::Transport transport_used = opamp::Transport::websocket,
                 base::Duration heartbeat = std::chrono::seconds(30))
        : session({kUid, capabilities, heartbeat, std::chrono::seconds(20)}), transport(transport_used) {
        session.set_description({{{"service.name", "demo"}}, {{"os.type", "linux"}}});
        session.set_health({true, 5, "", "", 6, {}});
        session.set_effective_config(effective({{"", {"a: 1\n", "text/yaml"}}}));
    }
    static pb::AgentToServer parsed(const std::string& bytes) {
        pb::AgentToServer message;
        REQUIRE(message.ParseFromString(bytes));
        CHECK(message.instance_uid().size() == 16);
        CHECK((message.capabilities() & opamp::kReportsStatus) != 0);
        CHECK((message.flags() & ~1ull) == 0);
        CHECK((!message.has_connection_settings_request() ||
               message.connection_settings_request().opamp().has_certificate_request()));
        return message;
    }
    std::optional<pb::AgentToServer> next() {
        const auto bytes = session.next_message(now);
        if (!bytes) return std::nullopt;
        return parsed(*bytes);
    }
    pb::AgentToServer must_say() {
        auto message = next();
        REQUIRE(message);
        return std::move(*message);
    }
    opamp::Orders receive(const pb::ServerToAgent& message) {
        auto orders = session.receive(message.SerializeAsString());
        REQUIRE(orders);
        return std::move(*orders);
    }
    /// Connected, the first report sent, and answered with these capabilities.
    void settle(std::uint64_t server_capabilities = 0x7F) {
        session.connected(transport);
        REQUIRE(next());
        pb::ServerToAgent answer;
        answer.set_capabilities(server_capabilities);
        receive(answer);
        REQUIRE_FALSE(next());
    }
    void announce(std::initializer_list<const char*> custom_capabilities) {
        pb::ServerToAgent message;
        message.mutable_custom_capabilities();
        for (const char* name : custom_capabilities) message.mutable_custom_capabilities()->add_capabilities(name);
        receive(message);
    }

    opamp::ClientSession session;
    opamp::Transport transport;
    opamp::ClientSession::TimePoint now{std::chrono::hours(1)};
};

}  // namespace client_rig
