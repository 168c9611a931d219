// What the client has to say to the server next. Pure: no socket, no timer, no clock.
#pragma once

#include <array>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "opamp/messages.hpp"

namespace opamp {

/// One agent's side of the protocol, over any number of connections.
///
/// The owner says what changed (`set_…`), what arrived (`receive`) and that a connection stands (`connected`); the
/// session answers with the next message, or with nothing. Status compression, full reports, sequence numbers,
/// capabilities and heartbeats are decided here and nowhere else. Transports carry the bytes.
///
/// Spec    "Status Reporting", "Agent Status Compression", "OpAMPConnectionSettings.heartbeat_interval_seconds".
class ClientSession {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    struct Options {
        base::Uuid instance_uid;
        std::uint64_t capabilities = kReportsStatus;  ///< AgentCapability bits; ReportsStatus is always set.
        base::Duration heartbeat_interval{0};         ///< 0: none.
    };
    explicit ClientSession(const Options& options);

    void set_description(const AgentDescription& description);
    void set_health(const ComponentHealth& health);
    void set_effective_config(const ConfigMap& files);
    void set_remote_config_status(const RemoteConfigStatus& status);
    void set_instance_uid(const base::Uuid& uid) { uid_ = uid; }
    const base::Uuid& instance_uid() const { return uid_; }

    /// A new connection stands: the next message is a full report, whatever was sent before.
    void connected();

    /// Takes a ServerToAgent message (without the frame header) and says what it asks for.
    /// Errors: invalid (not a ServerToAgent).
    base::Result<Orders> receive(std::string_view payload);

    /// The AgentToServer to send now, or nothing: a report if something changed, else a heartbeat if one is due.
    std::optional<std::string> next_message(TimePoint now);
    /// When `next_message` will have a heartbeat; nothing if heartbeats are off.
    std::optional<TimePoint> heartbeat_due() const;
    /// The last message of a connection: `agent_disconnect`, with whatever is not reported yet.
    std::string goodbye(TimePoint now);

private:
    /// A part of the report: its bytes on the wire, and the digest of those the server has.
    struct Part {
        int field = 0;
        std::uint64_t capability = 0;         ///< Reported only with this bit of ours …
        std::uint64_t server_capability = 0;  ///< … and, once the server has announced any, this bit of its.
        std::string bytes;
        std::string digest;
        std::string sent_digest;
    };
    enum PartIndex { kDescription, kHealth, kEffectiveConfig, kRemoteConfigStatus, kPartCount };

    void set_part(PartIndex index, std::string bytes);
    bool is_reported(const Part& part) const;
    bool has_news() const;
    std::string compose(TimePoint now, bool disconnect);

    base::Uuid uid_;
    std::uint64_t capabilities_;
    base::Duration heartbeat_interval_;
    std::array<Part, kPartCount> parts_;
    bool report_due_ = false;
    std::uint64_t sequence_num_ = 0;
    std::uint64_t server_capabilities_ = 0;  ///< 0: not announced yet (spec leaves open what that means; we use all).
    TimePoint last_sent_{};
};

}  // namespace opamp
