// What a server knows of one agent, and what it says to it. Pure: no socket, no timer, no clock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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
    bool connection_settings_status = false;
    bool custom_capabilities = false;
    bool available_components = false;

    bool any() const {
        return capabilities || description || health || effective_config || remote_config_status ||
               connection_settings_status || custom_capabilities || available_components;
    }
};

struct Answer {
    std::string message;  ///< A serialized ServerToAgent.
    Changes changes;
};

/// How far what is set on the server has got: not sent yet, too large to be sent, sent, and what the agent says of it.
enum class ConfigProgress { none, waiting, withheld, offered, applying, applied, failed };

/// How the agent hears what it has not asked for: at once, over a WebSocket, or with the answer to its next poll.
enum class Delivery { pushes, polls };

/// What this server can do; AcceptsConnectionSettingsRequest comes with a certificate authority.
constexpr std::uint64_t kServerCapabilities =
    kAcceptsStatus | kOffersRemoteConfig | kAcceptsEffectiveConfig | kOffersConnectionSettings;

/// The server's side of the protocol towards one agent, over any number of connections.
///
/// The owner says what arrived (`receive`) and that connections come and go, and sends what it is given. Merging of
/// compressed reports, sequence numbers, offers and capabilities are decided here and nowhere else.
///
/// Spec    "Status Reporting", "Agent Status Compression", "Configuration", "Connection Settings Management",
///         "ServerToAgentCommand Message".
class ServerSession {
public:
    ServerSession() = default;
    /// An agent remembered from an earlier run of the server.
    explicit ServerSession(AgentState known) : state_(std::move(known)) {}

    void set_server_capabilities(std::uint64_t capabilities) { server_capabilities_ = capabilities; }
    /// The most bytes a message may have, with the header it has on a WebSocket. An offer over it is not made.
    void set_send_limit(std::uint64_t bytes) { send_limit_ = bytes; }

    /// A new connection: capabilities are announced again, and what the agent does not report is offered again.
    void connected(Delivery delivery = Delivery::pushes);
    /// The connection is gone, or the agent said goodbye: a command that nobody can hear is dropped.
    void disconnected();

    /// Merges the report and answers it. A message that comes again is answered like its first copy.
    Answer receive(const AgentReport& report);
    /// Merges the report, and answers that something in it cannot be done.
    Answer refuse(const AgentReport& report, std::string_view reason);
    /// What is to be said without being asked; there may be more, until there is nothing. Nothing to one who polls.
    std::optional<std::string> next_push();
    /// The size of the last offer that was not made because it is over the limit; once.
    std::optional<std::uint64_t> take_withheld_bytes() { return std::exchange(withheld_bytes_, std::nullopt); }

    /// Nothing: no config is offered any more, and the agent keeps what it has.
    void set_config(std::optional<RemoteConfig> config);
    /// Nothing: no settings are offered any more. Each part is offered to agents with its capability only; the hash is
    /// made here, over what is offered.
    void set_connection_settings(std::optional<ConnectionSettingsOffers> offers);
    /// Errors: refused (the agent has not announced AcceptsRestartCommand).
    base::Result<void> restart();
    /// What this server understands of custom messages. An agent is told of those that it announces itself.
    void set_custom_capabilities(std::set<std::string, std::less<>> capabilities) {
        custom_capabilities_ = std::move(capabilities);
    }
    /// Says the message to the agent, in place of one that was not said yet. Errors: refused (the agent or this server
    /// has not announced its capability).
    base::Result<void> send(CustomMessage message);
    void ask_full_state() { wants_full_state_ = true; }
    /// The instance_uid the agent is to use from now on; said with each answer until the agent uses it.
    void assign_uid(const base::Uuid& uid) { assigned_uid_ = uid; }

    /// The merge of the reports: what a full report of the agent would say now.
    const AgentState& state() const { return state_; }
    std::uint64_t sequence_num() const { return last_sequence_.value_or(0); }
    /// Whether it is the message received last, sent again.
    bool is_resent(const AgentReport& report) const;
    /// Whether it is the message after the one received last.
    bool follows(const AgentReport& report) const;
    const std::optional<RemoteConfig>& config() const { return config_; }
    /// What is offered of the settings that were set: the parts that the agent accepts.
    const std::optional<ConnectionSettingsOffers>& connection_settings() const { return accepted_settings_; }
    bool can(AgentCapability capability) const { return (state_.capabilities & capability) != 0; }
    ConfigProgress progress() const;
    ConfigProgress settings_progress() const;

private:
    /// What was said on this connection.
    struct Said {
        bool capabilities = false;
        bool restart = false;  ///< With the last answer.
        bool custom_capabilities = false;
        std::optional<CustomMessage> custom_message;  ///< With the last answer.
        std::optional<std::string> config;            ///< Hashes.
        std::optional<std::string> settings;
        std::string components;  ///< The hash whose components were asked for.
        std::string opamp;       ///< The OpAMP part offered last, on any connection.
    };
    class Message;

    Changes take_in(const AgentReport& report);
    bool needs_full_state(const AgentReport& report) const;
    Changes merge(const AgentState& parts);
    void settle_settings();
    std::uint64_t flags_for(bool full_state, const AgentReport& report);
    std::vector<std::string> common_capabilities() const;
    bool owes_config() const;
    bool owes_settings() const;
    ConnectionSettingsOffers settings_to_say() const;
    std::uint64_t capabilities_to_announce();

    std::uint64_t server_capabilities_ = kServerCapabilities;
    std::uint64_t send_limit_ = std::numeric_limits<std::uint64_t>::max();
    Delivery delivery_ = Delivery::pushes;

    AgentState state_;
    std::optional<std::uint64_t> last_sequence_;
    std::size_t last_fingerprint_ = 0;
    base::Uuid wire_uid_;  ///< The one the agent used last: pushes are addressed to it.
    std::optional<base::Uuid> assigned_uid_;

    std::optional<RemoteConfig> config_;
    std::optional<ConnectionSettingsOffers> settings_;           ///< As set.
    std::optional<ConnectionSettingsOffers> accepted_settings_;  ///< With their hash.
    std::optional<std::string> withheld_config_;                 ///< Hashes of what is too large.
    std::optional<std::string> withheld_settings_;
    std::optional<std::uint64_t> withheld_bytes_;

    Said said_;
    Said said_before_;  ///< Before the last answer.
    bool is_first_on_connection_ = true;
    std::set<std::string, std::less<>> custom_capabilities_;
    std::optional<CustomMessage> custom_message_;
    bool wants_restart_ = false;
    bool wants_full_state_ = false;
};

}  // namespace opamp
