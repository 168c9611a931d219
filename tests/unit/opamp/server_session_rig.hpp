// A ServerSession whose peer speaks protobuf.
#pragma once

#include <opamp/v1/opamp.pb.h>

#include <catch2/catch.hpp>
#include <set>

#include "opamp/server_session.hpp"

namespace opamp_test {

namespace pb = opamp::proto::v1;
using namespace std::string_literals;
using opamp::ConfigProgress;

const auto kUid = *base::Uuid::parse("018f3a6c-5d2e-7b9a-8c0d-112233445566");
const auto kOtherUid = *base::Uuid::parse("018f3a6c-5d2e-7b9a-8c0d-665544332211");
constexpr std::uint64_t kEverything = opamp::kReportsStatus | opamp::kAcceptsRemoteConfig |
                                      opamp::kReportsEffectiveConfig | opamp::kAcceptsRestartCommand |
                                      opamp::kReportsHealth | opamp::kReportsRemoteConfig;

inline opamp::RemoteConfig offer(const opamp::ConfigMap& files) {
    return {files, opamp::config_hash(files)};
}
const auto kConfig = offer({{"", {"instrument: true\n", "text/yaml"}}});

inline pb::AgentToServer heartbeat(std::uint64_t sequence, std::uint64_t capabilities = kEverything) {
    pb::AgentToServer message;
    message.set_instance_uid(kUid.bytes());
    message.set_sequence_num(sequence);
    message.set_capabilities(capabilities);
    return message;
}

inline pb::AgentToServer full_report(std::uint64_t sequence, std::uint64_t capabilities = kEverything) {
    pb::AgentToServer message = heartbeat(sequence, capabilities);
    pb::KeyValue& name = *message.mutable_agent_description()->add_identifying_attributes();
    name.set_key("service.name");
    name.mutable_value()->set_string_value("demo");
    message.mutable_health()->set_healthy(true);
    message.mutable_effective_config()->mutable_config_map();
    message.mutable_remote_config_status();
    return message;
}

inline pb::AgentToServer status_report(std::uint64_t sequence, const std::string& hash,
                                       pb::RemoteConfigStatuses status) {
    pb::AgentToServer message = heartbeat(sequence);
    message.mutable_remote_config_status()->set_last_remote_config_hash(hash);
    message.mutable_remote_config_status()->set_status(status);
    return message;
}

/// A session whose peer speaks protobuf.
struct Rig {
    pb::ServerToAgent receive(const pb::AgentToServer& message) {
        const auto report = opamp::decode_report(message.SerializeAsString());
        REQUIRE(report);
        const opamp::Answer answer = session.receive(*report);
        changes = answer.changes;
        return parsed(answer.message);
    }
    std::optional<pb::ServerToAgent> push() {
        const auto bytes = session.next_push();
        if (!bytes) return std::nullopt;
        return parsed(*bytes);
    }
    static pb::ServerToAgent parsed(const std::string& bytes) {
        pb::ServerToAgent message;
        REQUIRE(message.ParseFromString(bytes));
        return message;
    }
    /// Connected, and the first report (number 0) answered.
    void settle(std::uint64_t capabilities = kEverything) {
        session.connected();
        receive(full_report(0, capabilities));
    }

    opamp::ServerSession session;
    opamp::Changes changes;
};

inline bool asks_full_state(const pb::ServerToAgent& message) {
    return (message.flags() & pb::ServerToAgentFlags_ReportFullState) != 0;
}

/// Whether nothing but the address is set.
inline bool is_bare(pb::ServerToAgent message) {
    message.clear_instance_uid();
    return message.ByteSizeLong() == 0;
}

}  // namespace opamp_test
