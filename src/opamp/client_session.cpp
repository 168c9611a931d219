#include "opamp/client_session.hpp"

#include <algorithm>
#include <utility>

#include "base/bytes.hpp"
#include "opamp/offers.hpp"
#include "opamp/wire.hpp"

namespace opamp {
namespace {

using namespace wire;

/// What a server says goes into the log, and must not fill it.
constexpr std::size_t kMostTextBytes = 1024;
constexpr std::size_t kMostNameBytes = 64;
/// No server has as many; what is beyond is not known to us, and costs nothing.
constexpr int kMostCapabilities = 1024;

std::set<std::string, std::less<>> capabilities_from(const pb::CustomCapabilities& message) {
    const auto& list = message.capabilities();
    return {list.begin(), list.begin() + std::min(list.size(), kMostCapabilities)};
}

}  // namespace

ClientSession::ClientSession(const Options& options)
    : uid_(options.instance_uid),
      capabilities_(options.capabilities | kReportsStatus),
      local_heartbeat_interval_(std::max(options.heartbeat_interval, base::Duration::zero())),
      local_poll_interval_(options.poll_interval),
      heartbeat_interval_(local_heartbeat_interval_),
      poll_interval_(local_poll_interval_),
      parts_(capabilities_) {}

void ClientSession::set_health(const ComponentHealth& health, Urgency urgency) {
    const bool has_urgent_news = parts_.has_health_news(server_capabilities_) && !is_health_paced_;
    parts_.set_health(health);
    is_health_paced_ = urgency == Urgency::paced && !has_urgent_news;
}

void ClientSession::set_custom_capabilities(const std::vector<std::string>& capabilities) {
    parts_.set_custom_capabilities(capabilities);
    custom_.set_ours(capabilities);
}

void ClientSession::set_instance_uid(const base::Uuid& uid) {
    if (uid != uid_) previous_uid_ = uid_;
    uid_ = uid;
}

void ClientSession::request_instance_uid() {
    wants_uid_ = true;
    report_due_ = true;
}

void ClientSession::set_heartbeat_interval(base::Duration interval) {
    heartbeat_interval_ = std::max(interval, base::Duration::zero());
    if (heartbeat_interval_ > base::Duration::zero()) poll_interval_ = heartbeat_interval_;
}

void ClientSession::reset_heartbeat_interval() {
    heartbeat_interval_ = local_heartbeat_interval_;
    poll_interval_ = local_poll_interval_;
}

void ClientSession::connected(Transport transport) {
    transport_ = transport;
    server_capabilities_ = 0;
    previous_uid_.reset();
    custom_.forget_servers();
    parts_.start_over();
    report_due_ = true;
}

bool ClientSession::has_news(TimePoint now) const {
    const bool is_held_back = is_health_paced_ && now < health_pace_.next();
    return report_due_ || has_request() || custom_.is_ready() || parts_.has_news_beside_health(server_capabilities_) ||
           (!is_held_back && parts_.has_health_news(server_capabilities_));
}

std::string ClientSession::compose(TimePoint now, bool is_goodbye) {
    pb::AgentToServer head;
    head.set_instance_uid(uid_.bytes());
    head.set_sequence_num(sequence_num_++);
    head.set_capabilities(capabilities_);
    if (wants_uid_) head.set_flags(pb::AgentToServerFlags_RequestInstanceUid);
    last_ = Last{};
    if (is_goodbye) {
        head.mutable_agent_disconnect();  // what is asked of the server waits: nobody will hear the answer
    } else {
        if (has_request()) last_->csr = std::exchange(csr_, std::nullopt);
        if (custom_.is_ready()) last_->custom_message = custom_.pop();
    }
    if (last_->csr)
        head.mutable_connection_settings_request()->mutable_opamp()->mutable_certificate_request()->set_csr(
            *last_->csr);
    if (last_->custom_message) to_wire(*last_->custom_message, *head.mutable_custom_message());

    std::string message = head.SerializeAsString();
    constexpr std::size_t kFrameHeader = 1;
    parts_.append_news(message, server_capabilities_, kFrameHeader);
    if (parts_.had_health()) {
        health_pace_.say(now);
        is_health_paced_ = false;
    }
    report_due_ = false;
    last_sent_ = now;
    return message;
}

std::optional<EffectiveConfig> ClientSession::to_read() const {
    const EffectiveConfig* wanted = parts_.to_read(server_capabilities_);
    return wanted ? std::optional(*wanted) : std::nullopt;
}

void ClientSession::have_read(const std::string& hash, std::optional<ConfigMap> files) {
    parts_.have_read(hash, std::move(files));
}

std::optional<std::string> ClientSession::next_message(TimePoint now) {
    const auto due = next_beat();
    if (!has_news(now) && !(due && now >= *due)) return std::nullopt;
    return compose(now, false);
}

std::optional<ClientSession::TimePoint> ClientSession::next_due() const {
    const auto beat = next_beat();
    if (!is_health_paced_ || !parts_.has_health_news(server_capabilities_)) return beat;
    return std::min(beat.value_or(TimePoint::max()), health_pace_.next());
}

std::optional<ClientSession::TimePoint> ClientSession::next_beat() const {
    const bool has_heartbeats =
        (capabilities_ & kReportsHeartbeat) != 0 && heartbeat_interval_ > base::Duration::zero();
    if (transport_ == Transport::websocket && !has_heartbeats) return std::nullopt;
    const base::Duration interval = transport_ == Transport::http ? poll_interval_ : heartbeat_interval_;
    // An offered interval may be longer than time itself.
    return interval < TimePoint::max() - last_sent_ ? last_sent_ + interval : TimePoint::max();
}

std::string ClientSession::goodbye(TimePoint now) {
    return compose(now, true);
}

void ClientSession::bring_back_requests(Last last) {
    if (last.csr && !csr_) csr_ = std::move(last.csr);
    if (last.custom_message) custom_.put_back(std::move(*last.custom_message));
}

void ClientSession::take_back() {
    if (!last_) return;
    parts_.take_back();
    bring_back_requests(*std::exchange(last_, std::nullopt));
    --sequence_num_;
    report_due_ = true;
}

void ClientSession::give_up_largest() {
    if (!last_) return;
    Last last = *std::exchange(last_, std::nullopt);
    const std::size_t custom_bytes = last.custom_message ? last.custom_message->data.size() : 0;
    if (!parts_.give_up_largest(custom_bytes)) {
        if (!std::exchange(last.custom_message, std::nullopt)) last.csr.reset();
    }
    bring_back_requests(std::move(last));
    --sequence_num_;
}

bool ClientSession::is_for_us(std::string_view uid) const {
    return uid.empty() || uid == uid_.bytes() || (previous_uid_ && uid == previous_uid_->bytes());
}

void ClientSession::report_what_is_asked_for(std::uint64_t flags) {
    if ((flags & pb::ServerToAgentFlags_ReportFullState) != 0) {
        parts_.report_all();
        report_due_ = true;
    }
    if ((flags & pb::ServerToAgentFlags_ReportAvailableComponents) != 0) parts_.report_whole_components();
}

std::optional<base::Uuid> ClientSession::take_uid(std::string_view bytes, Orders& orders) {
    const auto uid = base::Uuid::from_bytes(bytes);
    if (!uid) {
        orders.ignored.push_back("agent_identification: not a UUID of 16 bytes");
        return std::nullopt;
    }
    wants_uid_ = false;
    return uid == uid_ ? std::nullopt : uid;
}

void ClientSession::take_error(ServerError error, Orders& orders) {
    error.message = base::shortened(error.message, kMostTextBytes);
    // Over HTTP the error is the answer to the message given last, which is worth another attempt; after any other
    // error it is not. Over WebSocket the owner connects anew, and reports everything.
    if (error.type == ServerError::Type::unavailable && transport_ == Transport::http && last_) {
        parts_.take_back();
        bring_back_requests(*std::exchange(last_, std::nullopt));
    }
    orders.error = std::move(error);
}

base::Result<Orders> ClientSession::receive(std::string_view payload) {
    pb::ServerToAgent message;
    if (!parse(message, payload))
        return base::Error(base::Kind::invalid, "the server's message is not a ServerToAgent");
    Orders orders;
    if (!is_for_us(message.instance_uid())) {
        orders.ignored.push_back("message for another instance_uid " +
                                 base::shortened(base::to_hex(message.instance_uid().substr(0, kMostNameBytes)), 32));
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
    if (message.has_custom_capabilities()) custom_.set_servers(capabilities_from(message.custom_capabilities()));
    take_remote_config(message, capabilities_, orders);
    take_connection_settings(message, capabilities_, orders);
    if (message.has_packages_available()) orders.ignored.push_back("packages_available: not accepted");
    if (message.has_agent_identification())
        orders.new_instance_uid = take_uid(message.agent_identification().new_instance_uid(), orders);
    if (message.has_custom_message()) {
        CustomMessage custom = take_custom_message(*message.mutable_custom_message());
        if (custom_.is_ours(custom.capability))
            orders.custom_message = std::move(custom);
        else
            orders.ignored.push_back("custom_message: not a capability of ours: " +
                                     base::quoted_if_needed(base::shortened(custom.capability, kMostNameBytes)));
    }
    if (message.has_error_response()) take_error(from_wire(message.error_response()), orders);
    // What was refused is not said again, whatever else the refusal asks for.
    const bool is_refusal = orders.error && orders.error->type != ServerError::Type::unavailable;
    if (!is_refusal) report_what_is_asked_for(message.flags());
    return orders;
}

}  // namespace opamp
