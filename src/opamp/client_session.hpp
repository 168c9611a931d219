// What the client has to say to the server next. Pure: no socket, no timer, no clock.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/pace.hpp"
#include "base/result.hpp"
#include "opamp/custom_messages.hpp"
#include "opamp/messages.hpp"
#include "opamp/report_parts.hpp"

namespace opamp {

enum class Transport { websocket, http };

enum class Urgency {
    at_once,
    paced,  ///< Five times at once, then once a second; what is held back goes with any message that is sent before.
};

/// One agent's side of the protocol, over any number of connections.
///
/// The owner says what changed (`set_…`), what arrived (`receive`) and that a connection stands (`connected`); the
/// session answers with the next message, or with nothing. Status compression, full reports, sequence numbers,
/// capabilities, heartbeats and polls are decided here and nowhere else. Transports carry the bytes.
///
/// Spec    "Status Reporting", "Agent Status Compression", "OpAMPConnectionSettings.heartbeat_interval_seconds".
class ClientSession {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    struct Options {
        base::Uuid instance_uid;
        std::uint64_t capabilities = kReportsStatus;             ///< AgentCapability bits; ReportsStatus is always set.
        base::Duration heartbeat_interval{0};                    ///< Over WebSocket; 0: none.
        base::Duration poll_interval{std::chrono::seconds(30)};  ///< Over HTTP.
    };
    explicit ClientSession(const Options& options);

    void set_description(const AgentDescription& description) { parts_.set_description(description); }
    void set_health(const ComponentHealth& health, Urgency urgency = Urgency::at_once);
    void set_effective_config(EffectiveConfig config) { parts_.set_effective_config(std::move(config)); }
    void set_remote_config_status(const RemoteConfigStatus& status) { parts_.set_remote_config_status(status); }
    void set_connection_settings_status(const ConnectionSettingsStatus& status) {
        parts_.set_connection_settings_status(status);
    }
    void set_available_components(const Components& components) { parts_.set_available_components(components); }
    void set_custom_capabilities(const std::vector<std::string>& capabilities);

    /// Used from the next message on. What the server still sends to the one before is taken until `connected`.
    void set_instance_uid(const base::Uuid& uid);
    const base::Uuid& instance_uid() const { return uid_; }
    /// The instance_uid is a temporary one: the server is asked for another with each message until it has given one.
    void request_instance_uid();

    /// The interval that a server offered, over either transport. 0 turns heartbeats off; polls cannot be off, and keep
    /// the interval they have.
    void set_heartbeat_interval(base::Duration interval);
    /// Back to the intervals of the options.
    void reset_heartbeat_interval();

    /// A certificate signing request (PEM), sent once to a server that has announced that it takes such requests.
    void request_certificate(std::string csr_pem) { csr_ = std::move(csr_pem); }

    /// Sends a custom message as soon as the transport takes one. False: its capability is not announced by us or not
    /// by the server, or too much is waiting already (CustomMessages).
    bool send(CustomMessage message) { return custom_.push(std::move(message)); }

    /// A WebSocket stands, or HTTP requests go to a server that may know nothing: the next message is a full report,
    /// whatever was sent before.
    void connected(Transport transport);

    /// Takes a ServerToAgent message (without the frame header) and says what it asks for.
    /// Errors: invalid (not a ServerToAgent).
    base::Result<Orders> receive(std::string_view payload);

    /// The effective config that the next message has, if it has one that is to be read first. To call its `read` may
    /// take long, and may be done on another thread; `have_read` takes what came of it. Without that `next_message` and
    /// `goodbye` read themselves.
    std::optional<EffectiveConfig> to_read() const;
    void have_read(const std::string& hash, std::optional<ConfigMap> files);

    /// The AgentToServer to send now, or nothing: a report if something changed, else a heartbeat or poll if one is
    /// due.
    std::optional<std::string> next_message(TimePoint now);
    /// When `next_message` will have something if nothing changes: a heartbeat (WebSocket), a poll (HTTP) or health
    /// that is held back. Nothing if there is none of them.
    std::optional<TimePoint> next_due() const;
    /// The last message of a connection: `agent_disconnect`, with whatever is not reported yet.
    std::string goodbye(TimePoint now);

    /// The message given last was not delivered: what it carried, and its number, is for the next one. If nothing has
    /// changed until then, that one has the very same bytes. The next message is due at once: when to try is the
    /// transport's decision.
    void take_back();
    /// The message given last is over a limit and was not sent. Its number is for the next one; its largest part is
    /// given up until it changes or everything is asked for; the rest is said with the next message.
    void give_up_largest();

    /// The server has announced the capability on this connection.
    bool server_accepts(ServerCapability capability) const { return (server_capabilities_ & capability) != 0; }

private:
    /// What cannot be found out again of the message given last.
    struct Last {
        std::optional<CustomMessage> custom_message;
        std::optional<std::string> csr;
    };

    bool has_request() const { return csr_ && server_accepts(kAcceptsConnectionSettingsRequest); }
    bool has_news(TimePoint now) const;
    std::optional<TimePoint> next_beat() const;
    std::string compose(TimePoint now, bool is_goodbye);
    void bring_back_requests(Last last);
    bool is_for_us(std::string_view uid) const;
    void report_what_is_asked_for(std::uint64_t flags);
    std::optional<base::Uuid> take_uid(std::string_view bytes, Orders& orders);
    void take_error(ServerError error, Orders& orders);

    base::Uuid uid_;
    std::optional<base::Uuid> previous_uid_;  ///< On this connection.
    bool wants_uid_ = false;
    std::uint64_t capabilities_;
    std::uint64_t server_capabilities_ = 0;  ///< 0: not announced yet (spec leaves open what that means; we use all).
    Transport transport_ = Transport::websocket;
    const base::Duration local_heartbeat_interval_;
    const base::Duration local_poll_interval_;
    base::Duration heartbeat_interval_;
    base::Duration poll_interval_;

    ReportParts parts_;
    CustomMessages custom_;
    std::optional<std::string> csr_;
    bool report_due_ = false;
    base::Pace health_pace_{std::chrono::seconds(1), 5};
    bool is_health_paced_ = false;  ///< All of its news.
    std::uint64_t sequence_num_ = 0;
    TimePoint last_sent_{};
    std::optional<Last> last_;
};

}  // namespace opamp
