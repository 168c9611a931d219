// What the server's tests share: agents that are registered without a connection, and observers that remember.
#pragma once

#include <catch2/catch.hpp>
#include <set>
#include <string>
#include <vector>

#include "server/agents.hpp"
#include "support/temp_folder.hpp"

namespace server_test {

const auto kUid = *base::Uuid::parse("018f3a6c-5d2e-7b9a-8c0d-112233445566");
const auto kOtherUid = *base::Uuid::parse("018f3a6c-5d2e-7b9a-8c0d-665544332211");
constexpr std::uint64_t kEverything = opamp::kReportsStatus | opamp::kAcceptsRemoteConfig |
                                      opamp::kReportsEffectiveConfig | opamp::kAcceptsRestartCommand |
                                      opamp::kReportsHealth | opamp::kReportsRemoteConfig;
const opamp::ConfigMap kFiles = {{"", {"instrument: true\n", "text/yaml"}}};

struct Link : server::AgentLink {
    void wake(const base::Uuid& agent) override { woken.insert(agent); }
    void drop() override { dropped = true; }
    std::string peer() const override { return "127.0.0.1:5"; }
    std::set<base::Uuid> woken;
    bool dropped = false;
};

struct Events : server::AgentObserver {
    void agent_changed(const server::Agent& agent) override { log.push_back("changed " + std::string(agent.name())); }
    void agent_seen(const server::Agent& agent) override { log.push_back("seen " + std::string(agent.name())); }
    void agent_forgotten(const base::Uuid&) override { log.push_back("forgotten"); }
    std::vector<std::string> take() { return std::exchange(log, {}); }
    std::vector<std::string> log;
};

inline opamp::AgentReport heartbeat(std::uint64_t sequence, const base::Uuid& uid = kUid) {
    opamp::AgentReport report;
    report.instance_uid = uid;
    report.sequence_num = sequence;
    report.parts.capabilities = kEverything;
    return report;
}

inline opamp::AgentReport full_report(std::uint64_t sequence, const base::Uuid& uid = kUid,
                                      const std::string& name = "demo") {
    opamp::AgentReport report = heartbeat(sequence, uid);
    report.parts.description = opamp::AgentDescription{{{"service.name", name}}, {{"host.name", "h"}}};
    report.parts.health = opamp::ComponentHealth{true, 5, "", "running", 6, {{"part", {false, 0, "down", "", 0, {}}}}};
    report.parts.effective_config = kFiles;
    report.parts.remote_config_status = opamp::RemoteConfigStatus{};
    return report;
}

inline server::Time at(int seconds) {
    return server::Time(std::chrono::seconds(1'700'000'000 + seconds));
}

}  // namespace server_test
