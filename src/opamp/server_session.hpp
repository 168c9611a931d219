// What a server knows of one agent, and what it says to it. Pure: no socket, no timer, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "opamp/convert.hpp"
#include "opamp/messages.hpp"

namespace opamp {

/// The parts of an agent's state that a report changed.
struct Changes {
    bool capabilities = false;
    bool description = false;
    bool health = false;
    bool effective_config = false;
    bool remote_config_status = false;

    bool any() const { return capabilities || description || health || effective_config || remote_config_status; }
};

struct Answer {
    std::string message;  ///< A serialized ServerToAgent.
    Changes changes;
};

/// How far the config set on the server has got: not sent yet, sent, and what the agent says of it.
enum class ConfigProgress { none, waiting, offered, applying, applied, failed };

/// The server's side of the protocol towards one agent, over any number of connections.
///
/// The owner says what arrived (`receive`) and that connections come and go, and sends what it is given. Merging of
/// compressed reports, sequence numbers, offers and capabilities are decided here and nowhere else.
///
/// Spec    "Status Reporting", "Agent Status Compression", "Configuration", "ServerToAgentCommand Message".
class ServerSession {
public:
    ServerSession() = default;
    /// An agent remembered from an earlier run of the server.
    explicit ServerSession(AgentState known) : state_(std::move(known)) {}

    /// A new connection: capabilities are announced again, and a config that the agent does not report is offered
    /// again.
    void connected();
    /// The connection is gone, or the agent said goodbye: a command that nobody can hear is dropped.
    void disconnected();

    /// Merges the report and answers it.
    Answer receive(const AgentReport& report);
    /// What is to be said without being asked; there may be more, until there is nothing.
    std::optional<std::string> next_push();

    /// Nothing: no config is offered any more, and the agent keeps what it has.
    void set_config(std::optional<RemoteConfig> config) { config_ = std::move(config); }
    /// Errors: refused (the agent has not announced AcceptsRestartCommand).
    base::Result<void> restart();
    void ask_full_state() { wants_full_state_ = true; }
    /// The instance_uid the agent is to use from now on; said with each answer until the agent uses it.
    void assign_uid(const base::Uuid& uid) { assigned_uid_ = uid; }

    /// The merge of the reports: what a full report of the agent would say now.
    const AgentState& state() const { return state_; }
    std::uint64_t sequence_num() const { return last_sequence_.value_or(0); }
    const std::optional<RemoteConfig>& config() const { return config_; }
    bool can(AgentCapability capability) const { return (state_.capabilities & capability) != 0; }
    ConfigProgress progress() const;

private:
    bool needs_full_state(const AgentReport& report) const;
    bool is_resent(const AgentReport& report) const;
    Changes merge(const AgentState& parts);
    const std::string& reported_hash() const;
    bool owes_config() const;
    std::uint64_t capabilities_to_announce();

    AgentState state_;
    std::optional<std::uint64_t> last_sequence_;
    std::size_t last_fingerprint_ = 0;
    base::Uuid wire_uid_;  ///< The one the agent used last: pushes are addressed to it.
    std::optional<base::Uuid> assigned_uid_;

    std::optional<RemoteConfig> config_;
    std::optional<std::string> offered_hash_;  ///< On this connection.
    bool is_first_on_connection_ = true;
    bool is_announced_ = false;
    bool wants_restart_ = false;
    bool wants_full_state_ = false;
};

}  // namespace opamp
