#include "opamp/report_parts.hpp"

#include <algorithm>
#include <utility>

#include "base/bytes.hpp"
#include "opamp/config_bytes.hpp"
#include "opamp/fields.hpp"
#include "opamp/wire.hpp"

namespace opamp {
namespace {

using namespace wire;

template <typename Message, typename Value>
std::string to_bytes(const Value& value) {
    Message message;
    to_wire(value, message);
    return serialize(message);
}

/// Equal components have equal hashes, whatever order their metadata is given in.
Component in_order(Component component) {
    std::sort(component.metadata.begin(), component.metadata.end());
    for (auto& [id, part] : component.parts) part = in_order(std::move(part));
    return component;
}

}  // namespace

ReportParts::ReportParts(std::uint64_t capabilities) : capabilities_(capabilities) {
    using Message = pb::AgentToServer;
    parts_[kDescription].field = Message::kAgentDescriptionFieldNumber;
    parts_[kHealth].field = Message::kHealthFieldNumber;
    parts_[kHealth].capability = kReportsHealth;
    parts_[kEffectiveConfig].field = Message::kEffectiveConfigFieldNumber;
    parts_[kEffectiveConfig].capability = kReportsEffectiveConfig;
    parts_[kEffectiveConfig].server_capability = kAcceptsEffectiveConfig;
    parts_[kRemoteConfigStatus].field = Message::kRemoteConfigStatusFieldNumber;
    parts_[kRemoteConfigStatus].capability = kReportsRemoteConfig;
    parts_[kCustomCapabilities].field = Message::kCustomCapabilitiesFieldNumber;
    parts_[kAvailableComponents].field = Message::kAvailableComponentsFieldNumber;
    parts_[kAvailableComponents].capability = kReportsAvailableComponents;
    parts_[kConnectionSettingsStatus].field = Message::kConnectionSettingsStatusFieldNumber;
    parts_[kConnectionSettingsStatus].capability = kReportsConnectionSettingsStatus;
    set_description({});
    set_health({});
    set_effective_config({});
    set_remote_config_status({});
    set_custom_capabilities({});
    set_available_components({});
    set_connection_settings_status({});
}

void ReportParts::set(Index index, std::string bytes) {
    parts_[index].digest = base::sha256(bytes);
    parts_[index].bytes = std::move(bytes);
}

void ReportParts::set_description(const AgentDescription& description) {
    set(kDescription, to_bytes<pb::AgentDescription>(description));
}

void ReportParts::set_health(const ComponentHealth& health) {
    set(kHealth, to_bytes<pb::ComponentHealth>(health));
}

void ReportParts::set_effective_config(EffectiveConfig config) {
    parts_[kEffectiveConfig].digest = base::sha256(config.hash);
    effective_config_ = std::move(config);
    if (read_ahead_ && read_ahead_->hash != effective_config_.hash) read_ahead_.reset();
}

void ReportParts::set_remote_config_status(const RemoteConfigStatus& status) {
    set(kRemoteConfigStatus, to_bytes<pb::RemoteConfigStatus>(status));
}

void ReportParts::set_connection_settings_status(const ConnectionSettingsStatus& status) {
    set(kConnectionSettingsStatus, to_bytes<pb::ConnectionSettingsStatus>(status));
}

void ReportParts::set_custom_capabilities(const std::vector<std::string>& capabilities) {
    pb::CustomCapabilities message;
    for (const std::string& capability : capabilities) message.add_capabilities(base::to_valid_utf8(capability));
    has_custom_capabilities_ = !capabilities.empty();
    set(kCustomCapabilities, serialize(message));
}

void ReportParts::set_available_components(const Components& components) {
    pb::AvailableComponents whole;
    for (const auto& [id, component] : components)
        to_wire(in_order(component), (*whole.mutable_components())[base::to_valid_utf8(id)]);
    whole.set_hash(base::sha256(serialize(whole)));
    pb::AvailableComponents hash_alone;
    hash_alone.set_hash(whole.hash());
    set(kAvailableComponents, serialize(hash_alone));
    whole_components_ = serialize(whole);
}

void ReportParts::start_over() {
    report_all();
    wants_whole_components_ = false;
    had_whole_components_ = false;
    for (Part& part : parts_) part.size = 0;
}

void ReportParts::report_all() {
    for (Part& part : parts_) part.sent_digest.clear();
}

void ReportParts::report_whole_components() {
    wants_whole_components_ = (capabilities_ & kReportsAvailableComponents) != 0;
}

bool ReportParts::is_whole(const Part& part) const {
    return wants_whole_components_ && &part == &parts_[kAvailableComponents];
}

bool ReportParts::is_news(const Part& part, std::uint64_t server_capabilities) const {
    if (part.digest == part.sent_digest && !is_whole(part)) return false;
    if (part.capability != 0 && (capabilities_ & part.capability) == 0) return false;
    if (&part == &parts_[kCustomCapabilities] && !has_custom_capabilities_ && !sent_custom_capabilities_) return false;
    return part.server_capability == 0 || server_capabilities == 0 ||
           (server_capabilities & part.server_capability) != 0;
}

bool ReportParts::has_news(std::uint64_t server_capabilities) const {
    return has_health_news(server_capabilities) || has_news_beside_health(server_capabilities);
}

bool ReportParts::has_news_beside_health(std::uint64_t server_capabilities) const {
    return std::any_of(parts_.begin(), parts_.end(), [&](const Part& part) {
        return &part != &parts_[kHealth] && is_news(part, server_capabilities);
    });
}

bool ReportParts::has_health_news(std::uint64_t server_capabilities) const {
    return is_news(parts_[kHealth], server_capabilities);
}

const EffectiveConfig* ReportParts::to_read(std::uint64_t server_capabilities) const {
    const bool is_there = read_ahead_ || !effective_config_.read;
    return !is_there && is_news(parts_[kEffectiveConfig], server_capabilities) ? &effective_config_ : nullptr;
}

void ReportParts::have_read(const std::string& hash, std::optional<ConfigMap> files) {
    if (hash == effective_config_.hash) read_ahead_ = ReadAhead{hash, std::move(files)};
}

std::optional<ConfigMap> ReportParts::take_effective_config() {
    if (auto ahead = std::exchange(read_ahead_, std::nullopt)) return std::move(ahead->files);
    return effective_config_.read ? effective_config_.read() : ConfigMap{};
}

void ReportParts::append_news(std::string& message, std::uint64_t server_capabilities, std::size_t spare) {
    std::size_t size = 0;
    std::optional<ConfigMap> files;
    base::Pieces effective_config;
    for (Part& part : parts_) {
        part.size = 0;
        if (!is_news(part, server_capabilities)) continue;
        part.sent_digest = part.digest;  // also of what cannot be read: it is news again once it changes
        const bool is_effective_config = &part == &parts_[kEffectiveConfig];
        if (is_effective_config) {
            files = take_effective_config();
            if (!files) continue;
            add_config_map(effective_config, *files);
        }
        part.size = field_size(is_effective_config ? effective_config.size() : bytes_of(part).size());
        size += part.size;
    }
    message.reserve(message.size() + size + spare);
    had_whole_components_ = false;
    for (const Part& part : parts_) {
        if (part.size == 0) continue;
        if (&part == &parts_[kEffectiveConfig]) {
            append_field_head(message, part.field, effective_config.size());
            for (const std::string_view piece : effective_config.all()) message += piece;
        } else {
            append_field(message, part.field, bytes_of(part));
        }
        if (is_whole(part)) had_whole_components_ = true;
    }
    if (had_whole_components_) wants_whole_components_ = false;
    if (parts_[kCustomCapabilities].size != 0 && has_custom_capabilities_) sent_custom_capabilities_ = true;
}

void ReportParts::take_back() {
    // Whether the server has got it is not known for sure, so what it had before does not count either.
    for (Part& part : parts_)
        if (std::exchange(part.size, 0) != 0) part.sent_digest.clear();
    if (std::exchange(had_whole_components_, false)) wants_whole_components_ = true;
}

bool ReportParts::give_up_largest(std::size_t least_bytes) {
    Part* largest = nullptr;
    std::size_t most = least_bytes;
    for (Part& part : parts_) {
        if (part.size == 0 || part.size < most) continue;
        largest = &part;
        most = part.size;
    }
    const bool is_map = had_whole_components_ && largest == &parts_[kAvailableComponents];
    const std::string sent = largest && !is_map ? largest->sent_digest : "";
    take_back();
    if (!largest) return false;
    largest->sent_digest = sent;
    if (is_map) wants_whole_components_ = false;  // the hash is news again, and small
    return true;
}

}  // namespace opamp
