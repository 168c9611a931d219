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
#include "opamp/server_session.hpp"
#include "server/agent.hpp"
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
};

class Agents {
public:
    Agents(Store& store, AgentObserver& observer, AgentLimits limits = {})
        : store_(store), observer_(observer), limits_(limits) {}

    /// Takes over the agents of earlier runs, all disconnected. Errors: io.
    base::Result<void> load();

    // What the connections say.

    /// The answer (a serialized ServerToAgent) to a report of `report_bytes` bytes.
    std::string receive(AgentLink& link, const opamp::AgentReport& report, std::uint64_t report_bytes, Time now);
    /// What is to be said to the agent over `link`; nothing if it has another connection by now.
    std::optional<std::string> next_push(const AgentLink& link, const base::Uuid& uid, Time now);
    /// The connection is gone.
    void ended(AgentLink& link, Time now);
    /// The agent that another connection than `link` speaks for under this instance_uid.
    Agent* rival(const AgentLink& link, const base::Uuid& instance_uid);
    /// Makes a connected agent say something.
    void ask_sign_of_life(const base::Uuid& uid);

    // What the operator says. Errors: not_found, refused (and why), io (the state file; nothing was changed).

    base::Result<void> set_config(const base::Uuid& uid, opamp::ConfigMap files, Time now);
    base::Result<void> remove_config(const base::Uuid& uid);
    base::Result<void> restart(const base::Uuid& uid);
    base::Result<void> forget(const base::Uuid& uid);

    const Agent* find(const base::Uuid& uid) const;
    const std::map<base::Uuid, std::unique_ptr<Agent>>& all() const { return agents_; }

private:
    base::Result<Agent*> known(const base::Uuid& uid);
    Agent* agent_for(AgentLink& link, const opamp::AgentReport& report, Time now);
    Agent* assigned_agent(AgentLink& link, const base::Uuid& wire_uid, Time now);
    Agent* find_or_add(const base::Uuid& uid);
    void connect(AgentLink& link, Agent& agent, Time now);
    void disconnect(Agent& agent, Time now);
    bool make_room(std::size_t agents, std::uint64_t bytes);
    void note_progress(Agent& agent, Time now);
    void erase(const base::Uuid& uid);

    Store& store_;
    AgentObserver& observer_;
    AgentLimits limits_;
    std::map<base::Uuid, std::unique_ptr<Agent>> agents_;
    std::uint64_t retained_bytes_ = 0;
};

}  // namespace server
