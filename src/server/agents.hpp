// The agents this server knows, connected or not: what they report, what is set for them, and who hears of changes.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "net/certificate_authority.hpp"
#include "opamp/server_session.hpp"
#include "server/agent.hpp"
#include "server/component_cache.hpp"
#include "server/store.hpp"

namespace server {

class AgentObserver {
public:
    virtual ~AgentObserver() = default;
    virtual void agent_changed(const Agent& agent) = 0;
    /// It was heard of, and nothing else changed.
    virtual void agent_seen(const Agent& agent) = 0;
    virtual void agent_forgotten(const base::Uuid& uid) = 0;
};

/// How much is remembered; beyond it the disconnected agents seen longest ago are forgotten.
struct AgentLimits {
    std::size_t agents = 10'000;
    std::uint64_t reported_bytes = 1u << 30;
    std::uint64_t send_bytes = 64u << 20;  ///< Of one message; an offer over it is not made.
};

class Agents {
public:
    Agents(Store& store, AgentObserver& observer, AgentLimits limits = {})
        : store_(store), observer_(observer), limits_(limits) {}

    /// Takes over the agents of earlier runs, all disconnected. Errors: io.
    base::Result<void> load();

    // What the connections say.

    /// The answer (a serialized ServerToAgent) to a report of `report_bytes` bytes.
    std::string receive(AgentLink& link, opamp::AgentReport report, std::uint64_t report_bytes, Time now);
    /// What is to be said to the agent over `link`; nothing if it has another connection by now.
    std::optional<std::string> next_push(const AgentLink& link, const base::Uuid& uid, Time now);
    /// The connection is gone.
    void ended(AgentLink& link, Time now);
    /// The agent that another connection than `link` speaks for under this instance_uid.
    Agent* rival(const AgentLink& link, const base::Uuid& instance_uid);
    /// What `from` spoke for is spoken for by `to` from now on: the agent is the same, and begins anew.
    void hand_over(AgentLink& from, AgentLink& to, Time now);
    /// Makes a connected agent say something.
    void ask_sign_of_life(const base::Uuid& uid);

    /// Whether an agent was offered this credential, and may still come with it.
    bool is_offered(const std::string& credential) const;
    /// Whether who comes with `credential` may speak for that agent: one that has used its own comes with no other.
    bool admits(const std::string& credential, const base::Uuid& instance_uid) const;

    /// Issues the certificates that agents ask for; must outlive this. None: they are told that there are none.
    void set_authority(const net::CertificateAuthority* authority);
    /// Where every agent is to send its own telemetry, unless it was set otherwise for it.
    void set_own_telemetry(opamp::ConnectionSettingsOffers offers);

    // What the operator says. Errors: not_found, refused (and why), io (the state file; nothing was changed).

    base::Result<void> set_config(const base::Uuid& uid, opamp::ConfigMap files, Time now);
    base::Result<void> remove_config(const base::Uuid& uid);
    base::Result<void> set_settings(const base::Uuid& uid, opamp::ConnectionSettingsOffers offers, Time now);
    base::Result<void> remove_settings(const base::Uuid& uid);
    /// By a message of the capability io.opampd.telemetry; what the agent answers is in Agent::sampler.
    base::Result<void> set_sampler(const base::Uuid& uid, std::string sampler);
    base::Result<void> restart(const base::Uuid& uid);
    base::Result<void> forget(const base::Uuid& uid);

    const Agent* find(const base::Uuid& uid) const;
    const std::map<base::Uuid, std::unique_ptr<Agent>>& all() const { return agents_; }

private:
    base::Result<Agent*> known(const base::Uuid& uid);
    static base::Error not_connected(const base::Uuid& uid);
    Agent* agent_for(AgentLink& link, const opamp::AgentReport& report, Time now);
    Agent* assigned_agent(AgentLink& link, const base::Uuid& wire_uid, Time now);
    Agent* find_or_add(const base::Uuid& uid);
    void connect(AgentLink& link, Agent& agent, Time now);
    void disconnect(Agent& agent, Time now);
    bool make_room(std::size_t agents, std::uint64_t bytes);
    void note_progress(Agent& agent, Time now);
    void note_withheld(Agent& agent, AgentLink* link);
    opamp::Answer answer(Agent& agent, AgentLink& link, const opamp::AgentReport& report, Time now);
    base::Result<void> issue(Agent& agent, AgentLink& link, const opamp::AgentReport& report, Time now);
    base::Result<void> store_settings(Agent& agent, std::optional<SetSettings> settings);
    void offer_settings(Agent& agent);
    void note_credential(Agent& agent, const AgentLink& link);
    static bool take_message(Agent& agent, opamp::AgentReport& report, Time now);
    void prepare(Agent& agent);
    void erase(const base::Uuid& uid);

    Store& store_;
    AgentObserver& observer_;
    AgentLimits limits_;
    std::map<base::Uuid, std::unique_ptr<Agent>> agents_;
    ComponentCache components_;
    const net::CertificateAuthority* authority_ = nullptr;
    opamp::ConnectionSettingsOffers own_telemetry_;
    std::uint64_t retained_bytes_ = 0;
};

}  // namespace server
