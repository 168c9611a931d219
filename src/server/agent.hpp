// One agent as this server knows it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/uuid.hpp"
#include "opamp/server_session.hpp"
#include "server/store.hpp"

namespace server {

/// A connection that speaks for one or more agents; over plain HTTP, what an agent's polls have in common.
class AgentLink {
public:
    virtual ~AgentLink() = default;
    /// There is something to be said to this agent: `Agents::next_push` has it.
    virtual void wake(const base::Uuid& agent) = 0;
    /// Ends the connection without a word: its peer does not answer.
    virtual void drop() = 0;
    /// Where it comes from, for the log.
    virtual std::string peer() const = 0;

    /// The instance_uid each agent uses on this connection, and the agent's own. They differ until an assigned one is
    /// used.
    std::map<base::Uuid, base::Uuid> agents;
    opamp::Delivery delivery = opamp::Delivery::pushes;
    std::string endpoint;       ///< The URL by which it reached this server.
    std::string credential;     ///< Of its Authorization, as `credential_of` makes it; empty without one.
    bool has_withheld = false;  ///< An offer was left out of an answer because it is too large. Reset by who reads it.
};

/// A step on the way of a config, from being set to its end.
struct ConfigStep {
    opamp::ConfigProgress progress = opamp::ConfigProgress::none;
    Time at;
};

/// What an agent answered when it was asked for another sampler: the one in force then, or "error: …". Forgotten when
/// the agent is gone, because it may come back with another one.
struct SamplerAnswer {
    std::string text;
    Time at;
};

struct Agent {
    base::Uuid uid;
    opamp::ServerSession session;
    AgentLink* link = nullptr;  ///< None: disconnected.
    Time last_seen;
    std::optional<Time> connected_since;
    std::optional<Time> config_set_at;
    std::vector<ConfigStep> steps;        ///< Of the config set now, as seen by this run of the server.
    std::optional<SetSettings> settings;  ///< Set for this agent; what is offered also has the server's own parts.
    OfferedCredential credential;
    std::optional<SamplerAnswer> sampler;
    std::uint64_t withheld_bytes = 0;  ///< The size of the offer that was too large to be sent.
    std::uint64_t retained_bytes = 0;  ///< What `reported_bytes` was when it was counted last.

    /// "service.name" of the description, or empty.
    std::string_view name() const;
    /// The first value of that key among all attributes, or empty.
    std::string_view attribute(std::string_view key) const;
    /// The memory that its reports take, roughly.
    std::uint64_t reported_bytes() const;
};

}  // namespace server
