#include "opamp/server_session.hpp"

#include "opamp/wire.hpp"

namespace opamp {
namespace {

using namespace wire;

constexpr std::uint64_t kServerCapabilities = pb::ServerCapabilities_AcceptsStatus |
                                              pb::ServerCapabilities_OffersRemoteConfig |
                                              pb::ServerCapabilities_AcceptsEffectiveConfig;

/// Whether a report has every part that its capabilities announce, so that nothing is left to ask for.
bool is_full(const AgentState& parts) {
    const auto is_missing = [&](AgentCapability capability, bool is_there) {
        return (parts.capabilities & capability) != 0 && !is_there;
    };
    return parts.capabilities != 0 && parts.description && !is_missing(kReportsHealth, parts.health.has_value()) &&
           !is_missing(kReportsEffectiveConfig, parts.effective_config.has_value()) &&
           !is_missing(kReportsRemoteConfig, parts.remote_config_status.has_value());
}

/// Takes over a reported part; whether that changed it.
template <typename Part>
bool take_over(std::optional<Part>& known, const std::optional<Part>& reported) {
    if (!reported || known == reported) return false;
    known = reported;
    return true;
}

void add_offer(pb::ServerToAgent& message, const RemoteConfig& config) {
    pb::AgentRemoteConfig& offer = *message.mutable_remote_config();
    offer.set_config_hash(config.hash);
    to_wire(config.files, *offer.mutable_config());
}

}  // namespace

void ServerSession::connected() {
    is_first_on_connection_ = true;
    is_announced_ = false;
    offered_hash_.reset();
}

void ServerSession::disconnected() {
    wants_restart_ = false;
    wants_full_state_ = false;
    offered_hash_.reset();
}

Answer ServerSession::receive(const AgentReport& report) {
    const bool full_state = needs_full_state(report);
    is_first_on_connection_ = false;
    last_sequence_ = report.sequence_num;
    last_fingerprint_ = report.fingerprint;
    wire_uid_ = report.instance_uid;

    Answer answer;
    answer.changes = merge(report.parts);
    pb::ServerToAgent message;
    message.set_instance_uid(wire_uid_.bytes());
    message.set_capabilities(capabilities_to_announce());
    if (full_state) message.set_flags(pb::ServerToAgentFlags_ReportFullState);
    if (assigned_uid_ && *assigned_uid_ != wire_uid_)
        message.mutable_agent_identification()->set_new_instance_uid(assigned_uid_->bytes());
    const bool reports_other_hash = config_ && report.parts.remote_config_status && reported_hash() != config_->hash;
    if (owes_config() || (reports_other_hash && can(kAcceptsRemoteConfig))) {
        add_offer(message, *config_);
        offered_hash_ = config_->hash;
    }
    answer.message = serialize(message);
    return answer;
}

std::optional<std::string> ServerSession::next_push() {
    pb::ServerToAgent message;
    message.set_instance_uid(wire_uid_.bytes());
    if (owes_config()) {
        add_offer(message, *config_);
        offered_hash_ = config_->hash;
    } else if (wants_full_state_) {
        message.set_flags(pb::ServerToAgentFlags_ReportFullState);
        wants_full_state_ = false;
    } else if (wants_restart_) {
        message.mutable_command()->set_type(pb::CommandType_Restart);  // and nothing else
        wants_restart_ = false;
    } else {
        return std::nullopt;
    }
    message.set_capabilities(capabilities_to_announce());
    return serialize(message);
}

base::Result<void> ServerSession::restart() {
    if (!can(kAcceptsRestartCommand))
        return base::Error(base::Kind::refused, "the agent does not accept restart commands");
    wants_restart_ = true;
    return {};
}

ConfigProgress ServerSession::progress() const {
    if (!config_) return ConfigProgress::none;
    if (state_.remote_config_status && reported_hash() == config_->hash) {
        switch (state_.remote_config_status->status) {
        case ConfigStatus::applying: return ConfigProgress::applying;
        case ConfigStatus::applied: return ConfigProgress::applied;
        case ConfigStatus::failed: return ConfigProgress::failed;
        case ConfigStatus::unset: break;
        }
    }
    return offered_hash_ == config_->hash ? ConfigProgress::offered : ConfigProgress::waiting;
}

/// A number that is not one more than the last one means lost reports. Two cases lose nothing: the same message sent
/// again, and a full report as the first of a connection, which is how a restarted agent begins.
bool ServerSession::needs_full_state(const AgentReport& report) const {
    if (is_resent(report)) return false;
    const bool follows = last_sequence_ && report.sequence_num == *last_sequence_ + 1;
    if (is_first_on_connection_) return !is_full(report.parts) && !follows;
    return !follows;
}

bool ServerSession::is_resent(const AgentReport& report) const {
    return last_sequence_ == report.sequence_num && last_fingerprint_ == report.fingerprint;
}

Changes ServerSession::merge(const AgentState& parts) {
    Changes changes;
    // Every agent has ReportsStatus: zero can only mean that it was left out.
    if (parts.capabilities != 0 && parts.capabilities != state_.capabilities) {
        state_.capabilities = parts.capabilities;
        changes.capabilities = true;
        wants_restart_ = wants_restart_ && can(kAcceptsRestartCommand);
    }
    changes.description = take_over(state_.description, parts.description);
    changes.health = take_over(state_.health, parts.health);
    changes.effective_config = take_over(state_.effective_config, parts.effective_config);
    changes.remote_config_status = take_over(state_.remote_config_status, parts.remote_config_status);
    return changes;
}

const std::string& ServerSession::reported_hash() const {
    static const std::string kNone;
    return state_.remote_config_status ? state_.remote_config_status->hash : kNone;
}

/// Whether the agent was neither told of the config on this connection nor reports it.
bool ServerSession::owes_config() const {
    return config_ && can(kAcceptsRemoteConfig) && config_->hash != (offered_hash_ ? *offered_hash_ : reported_hash());
}

std::uint64_t ServerSession::capabilities_to_announce() {
    const std::uint64_t announced = is_announced_ ? 0 : kServerCapabilities;
    is_announced_ = true;
    return announced;
}

}  // namespace opamp
