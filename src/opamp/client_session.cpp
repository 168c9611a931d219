#include "opamp/client_session.hpp"

#include "base/bytes.hpp"
#include "opamp/wire.hpp"

namespace opamp {
namespace {

using namespace wire;

void append_varint(std::string& out, std::uint64_t number) {
    for (; number >= 0x80; number >>= 7) out += static_cast<char>(number | 0x80);
    out += static_cast<char>(number);
}

/// A message is the sequence of its fields, so a part that is serialized already is appended as it is: a large config
/// is not parsed and serialized again for each report.
void append_field(std::string& out, int field, std::string_view bytes) {
    constexpr std::uint64_t kLengthDelimited = 2;
    append_varint(out, static_cast<std::uint64_t>(field) << 3 | kLengthDelimited);
    append_varint(out, bytes.size());
    out += bytes;
}

}  // namespace

ClientSession::ClientSession(const Options& options)
    : uid_(options.instance_uid),
      capabilities_(options.capabilities | kReportsStatus),
      heartbeat_interval_(options.heartbeat_interval) {
    parts_[kDescription].field = pb::AgentToServer::kAgentDescriptionFieldNumber;
    parts_[kHealth].field = pb::AgentToServer::kHealthFieldNumber;
    parts_[kHealth].capability = kReportsHealth;
    parts_[kEffectiveConfig].field = pb::AgentToServer::kEffectiveConfigFieldNumber;
    parts_[kEffectiveConfig].capability = kReportsEffectiveConfig;
    parts_[kEffectiveConfig].server_capability = pb::ServerCapabilities_AcceptsEffectiveConfig;
    parts_[kRemoteConfigStatus].field = pb::AgentToServer::kRemoteConfigStatusFieldNumber;
    parts_[kRemoteConfigStatus].capability = kReportsRemoteConfig;
    set_description({});
    set_health({});
    set_effective_config({});
    set_remote_config_status({});
}

void ClientSession::set_part(PartIndex index, std::string bytes) {
    parts_[index].digest = base::sha256(bytes);
    parts_[index].bytes = std::move(bytes);
}

void ClientSession::set_description(const AgentDescription& description) {
    pb::AgentDescription message;
    to_wire(description, message);
    set_part(kDescription, serialize(message));
}

void ClientSession::set_health(const ComponentHealth& health) {
    pb::ComponentHealth message;
    to_wire(health, message);
    set_part(kHealth, serialize(message));
}

void ClientSession::set_effective_config(const ConfigMap& files) {
    pb::EffectiveConfig message;
    to_wire(files, *message.mutable_config_map());
    set_part(kEffectiveConfig, serialize(message));
}

void ClientSession::set_remote_config_status(const RemoteConfigStatus& status) {
    pb::RemoteConfigStatus message;
    to_wire(status, message);
    set_part(kRemoteConfigStatus, serialize(message));
}

void ClientSession::connected() {
    server_capabilities_ = 0;
    report_due_ = true;
    for (Part& part : parts_) part.sent_digest.clear();
}

bool ClientSession::is_reported(const Part& part) const {
    if (part.capability != 0 && (capabilities_ & part.capability) == 0) return false;
    return part.server_capability == 0 || server_capabilities_ == 0 ||
           (server_capabilities_ & part.server_capability) != 0;
}

bool ClientSession::has_news() const {
    for (const Part& part : parts_)
        if (part.digest != part.sent_digest && is_reported(part)) return true;
    return false;
}

std::string ClientSession::compose(TimePoint now, bool disconnect) {
    pb::AgentToServer head;
    head.set_instance_uid(uid_.bytes());
    head.set_sequence_num(sequence_num_++);
    head.set_capabilities(capabilities_);
    if (disconnect) head.mutable_agent_disconnect();
    std::string message = head.SerializeAsString();
    for (Part& part : parts_) {
        if (part.digest == part.sent_digest || !is_reported(part)) continue;
        append_field(message, part.field, part.bytes);
        part.sent_digest = part.digest;
    }
    report_due_ = false;
    last_sent_ = now;
    return message;
}

std::optional<std::string> ClientSession::next_message(TimePoint now) {
    const auto due = heartbeat_due();
    if (!report_due_ && !has_news() && !(due && now >= *due)) return std::nullopt;
    return compose(now, false);
}

std::optional<ClientSession::TimePoint> ClientSession::heartbeat_due() const {
    if ((capabilities_ & kReportsHeartbeat) == 0 || heartbeat_interval_ == base::Duration::zero()) return std::nullopt;
    return last_sent_ + heartbeat_interval_;
}

std::string ClientSession::goodbye(TimePoint now) {
    return compose(now, true);
}

base::Result<Orders> ClientSession::receive(std::string_view payload) {
    pb::ServerToAgent message;
    if (!message.ParseFromArray(payload.data(), static_cast<int>(payload.size())))
        return base::Error(base::Kind::invalid, "the server's message is not a ServerToAgent");
    Orders orders;
    if (!message.instance_uid().empty() && message.instance_uid() != uid_.bytes()) {
        orders.ignored.push_back("message for another instance_uid " + base::to_hex(message.instance_uid()));
        return orders;
    }
    if (message.capabilities() != 0) server_capabilities_ = message.capabilities();
    if (message.has_command()) {
        const bool is_restart = message.command().type() == pb::CommandType_Restart;
        if (is_restart && (capabilities_ & kAcceptsRestartCommand) != 0) {
            orders.restart = true;  // nothing else of such a message counts
            return orders;
        }
        orders.ignored.push_back(is_restart ? "command restart: not accepted by the settings"
                                            : "command of an unknown type");
    }
    if ((message.flags() & pb::ServerToAgentFlags_ReportFullState) != 0) {
        report_due_ = true;
        for (Part& part : parts_) part.sent_digest.clear();
    }
    if (message.has_remote_config()) {
        if ((capabilities_ & kAcceptsRemoteConfig) != 0) {
            auto& offer = *message.mutable_remote_config();
            orders.remote_config =
                RemoteConfig{take_files(*offer.mutable_config()), std::move(*offer.mutable_config_hash())};
        } else {
            orders.ignored.push_back("remote_config: not accepted by the settings");
        }
    }
    if (message.has_agent_identification()) {
        orders.new_instance_uid = base::Uuid::from_bytes(message.agent_identification().new_instance_uid());
        if (!orders.new_instance_uid) orders.ignored.push_back("agent_identification: not a UUID of 16 bytes");
    }
    if (message.has_error_response()) orders.error = from_wire(message.error_response());
    if (message.has_packages_available()) orders.ignored.push_back("packages_available: not accepted");
    if (message.has_connection_settings()) orders.ignored.push_back("connection_settings: not accepted");
    return orders;
}

}  // namespace opamp
