#include "opamp/server_session.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "opamp/wire.hpp"

namespace opamp {
namespace {

using namespace wire;

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

/// A hash alone says nothing new of components that are known by it.
bool take_over(std::optional<AvailableComponents>& known, const std::optional<AvailableComponents>& reported) {
    if (!reported || known == reported || (known && known->hash == reported->hash && !reported->components))
        return false;
    known = reported;
    return true;
}

template <typename Status>
const std::string& hash_of(const std::optional<Status>& status) {
    static const std::string kNone;
    return status ? status->hash : kNone;
}

/// How far what has `hash` has got.
template <typename Status>
ConfigProgress progress_of(const std::string& hash, const std::optional<Status>& reported,
                           const std::optional<std::string>& said, const std::optional<std::string>& withheld) {
    if (reported && reported->hash == hash) {
        switch (reported->status) {
        case ConfigStatus::applying: return ConfigProgress::applying;
        case ConfigStatus::applied: return ConfigProgress::applied;
        case ConfigStatus::failed: return ConfigProgress::failed;
        case ConfigStatus::unset: break;
        }
    }
    if (withheld == hash) return ConfigProgress::withheld;
    return said == hash ? ConfigProgress::offered : ConfigProgress::waiting;
}

/// Those of the offers that an agent with these capabilities accepts. Spec: "Connection Settings Management".
ConnectionSettingsOffers accepted_by(std::uint64_t capabilities, ConnectionSettingsOffers offers) {
    if ((capabilities & kAcceptsOpampConnectionSettings) == 0) offers.opamp.reset();
    if (offers.opamp && (capabilities & kReportsHeartbeat) == 0) offers.opamp->heartbeat_interval_seconds = 0;
    if ((capabilities & kReportsOwnMetrics) == 0) offers.own_metrics.reset();
    if ((capabilities & kReportsOwnTraces) == 0) offers.own_traces.reset();
    if ((capabilities & kReportsOwnLogs) == 0) offers.own_logs.reset();
    if ((capabilities & kAcceptsOtherConnectionSettings) == 0) offers.other_connections.clear();
    return offers;
}

bool is_empty(const ConnectionSettingsOffers& offers) {
    return !offers.opamp && !offers.own_metrics && !offers.own_traces && !offers.own_logs &&
           offers.other_connections.empty();
}

std::string digest_of(const std::optional<OpampConnectionSettings>& settings) {
    return settings ? base::sha256(encode(*settings)) : std::string();
}

}  // namespace

/// A message that is being put together.
class ServerSession::Message {
public:
    explicit Message(ServerSession& session) : session_(session) { wire.set_instance_uid(session.wire_uid_.bytes()); }

    /// What the agent was not told of, or (`again`) reports another hash of than the one set here.
    void add_settings(bool again);
    void add_config(bool again);
    void add_restart() {
        wire.mutable_command()->set_type(pb::CommandType_Restart);  // and nothing else
        session_.wants_restart_ = false;
    }
    /// The capabilities come first, once a connection; a message comes with the first answer or push after that.
    void add_custom();
    bool has_offer() const { return wire.has_remote_config() || wire.has_connection_settings(); }
    bool is_bare() const { return !has_offer() && wire.flags() == 0 && !wire.has_agent_identification(); }
    std::string finish() {
        wire.set_capabilities(session_.capabilities_to_announce());
        return serialize(wire);
    }

    pb::ServerToAgent wire;

private:
    bool is_too_large() const {
        constexpr std::uint64_t kHeader = 1;
        constexpr std::uint64_t kCapabilities = 3;  // added last
        return wire.ByteSizeLong() + kHeader + kCapabilities > session_.send_limit_;
    }

    ServerSession& session_;
};

void ServerSession::Message::add_settings(bool again) {
    const auto& settings = session_.accepted_settings_;
    if (!settings || session_.withheld_settings_ == settings->hash || !(session_.owes_settings() || again)) return;
    const ConnectionSettingsOffers offers = session_.settings_to_say();
    session_.said_.settings = settings->hash;
    if (is_empty(offers)) return;
    to_wire(offers, *wire.mutable_connection_settings());
    if (is_too_large()) {
        session_.withheld_bytes_ = wire.ByteSizeLong();
        session_.withheld_settings_ = settings->hash;
        session_.said_.settings.reset();
        wire.clear_connection_settings();
    } else if (offers.opamp) {
        session_.said_.opamp = digest_of(offers.opamp);
    }
}

void ServerSession::Message::add_config(bool again) {
    const auto& config = session_.config_;
    if (!config || session_.withheld_config_ == config->hash || !session_.can(kAcceptsRemoteConfig)) return;
    if (!session_.owes_config() && !again) return;
    pb::AgentRemoteConfig& offer = *wire.mutable_remote_config();
    offer.set_config_hash(config->hash);
    to_wire(config->files, *offer.mutable_config());
    if (!is_too_large()) {
        session_.said_.config = config->hash;
        return;
    }
    if (!wire.has_connection_settings()) {  // else it has a message of its own next
        session_.withheld_bytes_ = wire.ByteSizeLong();
        session_.withheld_config_ = config->hash;
    }
    wire.clear_remote_config();
}

void ServerSession::Message::add_custom() {
    const auto common = session_.common_capabilities();
    if (common.empty()) return;
    if (!session_.said_.custom_capabilities)
        for (const std::string& capability : common) wire.mutable_custom_capabilities()->add_capabilities(capability);
    session_.said_.custom_capabilities = true;
    session_.said_.custom_message = std::exchange(session_.custom_message_, std::nullopt);
    if (session_.said_.custom_message) to_wire(*session_.said_.custom_message, *wire.mutable_custom_message());
}

void ServerSession::connected(Delivery delivery) {
    delivery_ = delivery;
    is_first_on_connection_ = true;
    Said fresh;
    fresh.opamp = said_.opamp;
    said_ = said_before_ = fresh;
}

void ServerSession::disconnected() {
    wants_restart_ = false;
    wants_full_state_ = false;
    custom_message_.reset();
    said_.config.reset();
    said_.settings.reset();
}

Answer ServerSession::receive(const AgentReport& report) {
    const bool full_state = needs_full_state(report);
    Answer answer;
    answer.changes = take_in(report);
    Message message(*this);
    message.wire.set_flags(flags_for(full_state, report));
    if (assigned_uid_ && *assigned_uid_ != wire_uid_)
        message.wire.mutable_agent_identification()->set_new_instance_uid(assigned_uid_->bytes());
    const auto& settings_status = report.parts.connection_settings_status;
    const auto& config_status = report.parts.remote_config_status;
    message.add_settings(settings_status && accepted_settings_ && settings_status->hash != accepted_settings_->hash);
    message.add_config(config_status && config_ && config_status->hash != config_->hash);
    said_.restart = delivery_ == Delivery::polls && wants_restart_ && message.is_bare();
    if (said_.restart)
        message.add_restart();
    else
        message.add_custom();
    answer.message = message.finish();
    return answer;
}

Answer ServerSession::refuse(const AgentReport& report, std::string_view reason) {
    Answer answer;
    answer.changes = take_in(report);
    answer.message = bad_request(wire_uid_.bytes(), reason);
    return answer;
}

std::optional<std::string> ServerSession::next_push() {
    if (delivery_ == Delivery::polls) return std::nullopt;
    Message message(*this);
    message.add_settings(false);
    message.add_config(false);
    if (!message.has_offer()) {
        if (!wants_full_state_ && !wants_restart_ && !custom_message_) return std::nullopt;
        if (wants_full_state_)
            message.wire.set_flags(pb::ServerToAgentFlags_ReportFullState);
        else if (wants_restart_)
            message.add_restart();
        else
            message.add_custom();
        wants_full_state_ = false;
    }
    return message.finish();
}

void ServerSession::set_config(std::optional<RemoteConfig> config) {
    config_ = std::move(config);
    withheld_config_.reset();
}

void ServerSession::set_connection_settings(std::optional<ConnectionSettingsOffers> offers) {
    settings_ = std::move(offers);
    if (settings_ && is_empty(*settings_)) settings_.reset();
    withheld_settings_.reset();
    settle_settings();
}

base::Result<void> ServerSession::restart() {
    if (!can(kAcceptsRestartCommand))
        return base::Error(base::Kind::refused, "the agent does not accept restart commands");
    wants_restart_ = true;
    return {};
}

base::Result<void> ServerSession::send(CustomMessage message) {
    const auto common = common_capabilities();
    if (std::find(common.begin(), common.end(), message.capability) == common.end())
        return base::Error(base::Kind::refused,
                           "the agent does not announce the custom capability " + message.capability);
    custom_message_ = std::move(message);
    return {};
}

/// Those of ours that the agent announces too.
std::vector<std::string> ServerSession::common_capabilities() const {
    std::vector<std::string> common;
    if (state_.custom_capabilities)
        for (const std::string& capability : custom_capabilities_)
            if (std::find(state_.custom_capabilities->begin(), state_.custom_capabilities->end(), capability) !=
                state_.custom_capabilities->end())
                common.push_back(capability);
    return common;
}

ConfigProgress ServerSession::progress() const {
    if (!config_) return ConfigProgress::none;
    return progress_of(config_->hash, state_.remote_config_status, said_.config, withheld_config_);
}

ConfigProgress ServerSession::settings_progress() const {
    if (!accepted_settings_) return settings_ ? ConfigProgress::waiting : ConfigProgress::none;
    return progress_of(accepted_settings_->hash, state_.connection_settings_status, said_.settings, withheld_settings_);
}

/// Takes in a report before it is answered. A copy of the message received last takes back what its answer said: that
/// answer may have been lost. Another message that does not follow the last one begins anew: the agent was restarted,
/// or lost answers.
Changes ServerSession::take_in(const AgentReport& report) {
    if (is_resent(report)) {
        wants_restart_ = wants_restart_ || said_.restart;
        if (!custom_message_) custom_message_ = std::move(said_.custom_message);
        said_ = said_before_;
    } else if (last_sequence_ && !follows(report)) {
        said_.capabilities = said_.custom_capabilities = false;
        said_.components.clear();
    }
    is_first_on_connection_ = false;
    last_sequence_ = report.sequence_num;
    last_fingerprint_ = report.fingerprint;
    wire_uid_ = report.instance_uid;
    said_before_ = said_;
    said_before_.restart = false;
    said_before_.custom_message.reset();
    return merge(report.parts);
}

/// A number that is not one more than the last one means lost reports. Two cases lose nothing: the same message sent
/// again, and a full report as the first of a connection, which is how a restarted agent begins.
bool ServerSession::needs_full_state(const AgentReport& report) const {
    if (is_resent(report)) return false;
    if (is_first_on_connection_) return !is_full(report.parts) && !follows(report);
    return !follows(report);
}

bool ServerSession::follows(const AgentReport& report) const {
    return last_sequence_ && report.sequence_num == *last_sequence_ + 1;
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
        settle_settings();
    }
    changes.description = take_over(state_.description, parts.description);
    changes.health = take_over(state_.health, parts.health);
    changes.effective_config = take_over(state_.effective_config, parts.effective_config);
    changes.remote_config_status = take_over(state_.remote_config_status, parts.remote_config_status);
    changes.connection_settings_status = take_over(state_.connection_settings_status, parts.connection_settings_status);
    changes.custom_capabilities = take_over(state_.custom_capabilities, parts.custom_capabilities);
    changes.available_components = take_over(state_.available_components, parts.available_components);
    return changes;
}

/// Makes the offer for this agent of the settings that are set.
void ServerSession::settle_settings() {
    accepted_settings_.reset();
    if (!settings_) return;
    ConnectionSettingsOffers accepted = accepted_by(state_.capabilities, *settings_);
    if (is_empty(accepted)) return;
    accepted.hash = settings_hash(accepted);
    accepted_settings_ = std::move(accepted);
}

/// Components are asked for once a hash: an agent that has none would be asked for ever.
std::uint64_t ServerSession::flags_for(bool full_state, const AgentReport& report) {
    std::uint64_t flags = full_state ? pb::ServerToAgentFlags_ReportFullState : 0;
    if (delivery_ == Delivery::polls && wants_full_state_) flags |= pb::ServerToAgentFlags_ReportFullState;
    if (delivery_ == Delivery::polls) wants_full_state_ = false;
    const auto& components = state_.available_components;
    const bool is_unknown = report.parts.available_components && components && !components->components;
    if (is_unknown && can(kReportsAvailableComponents) && said_.components != components->hash) {
        flags |= pb::ServerToAgentFlags_ReportAvailableComponents;
        said_.components = components->hash;
    }
    return flags;
}

/// Whether the agent was neither told of the config on this connection nor reports it.
bool ServerSession::owes_config() const {
    return config_ && config_->hash != (said_.config ? *said_.config : hash_of(state_.remote_config_status));
}

bool ServerSession::owes_settings() const {
    return accepted_settings_ &&
           accepted_settings_->hash != (said_.settings ? *said_.settings : hash_of(state_.connection_settings_status));
}

/// The offer. An agent that does not say what became of it, and is connected anew because it took it, is not told of
/// the same OpAMP settings again: it would go on connecting for ever.
ConnectionSettingsOffers ServerSession::settings_to_say() const {
    ConnectionSettingsOffers offers = *accepted_settings_;
    if (!can(kReportsConnectionSettingsStatus) && said_.opamp == digest_of(offers.opamp)) offers.opamp.reset();
    return offers;
}

std::uint64_t ServerSession::capabilities_to_announce() {
    const std::uint64_t announced = said_.capabilities ? 0 : server_capabilities_;
    said_.capabilities = true;
    return announced;
}

}  // namespace opamp
