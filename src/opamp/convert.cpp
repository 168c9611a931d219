#include "opamp/convert.hpp"

#include <functional>

#include "base/bytes.hpp"
#include "opamp/wire.hpp"

namespace opamp {
namespace {

using namespace wire;

template <typename Entries, typename Format>
std::string joined(const Entries& entries, Format format) {
    std::string text;
    for (const auto& entry : entries) text += (text.empty() ? "" : ", ") + format(entry);
    return text;
}

/// Values of any type are for people to read here; the protocol gives attributes no other meaning.
std::string as_text(const pb::AnyValue& value) {
    switch (value.value_case()) {
    case pb::AnyValue::kStringValue: return value.string_value();
    case pb::AnyValue::kBoolValue: return value.bool_value() ? "true" : "false";
    case pb::AnyValue::kIntValue: return std::to_string(value.int_value());
    case pb::AnyValue::kDoubleValue: return std::to_string(value.double_value());
    case pb::AnyValue::kBytesValue: return base::to_hex(value.bytes_value());
    case pb::AnyValue::kArrayValue: return "[" + joined(value.array_value().values(), as_text) + "]";
    case pb::AnyValue::kKvlistValue:
        return "{" +
               joined(value.kvlist_value().values(),
                      [](const auto& e) { return e.key() + ": " + as_text(e.value()); }) +
               "}";
    case pb::AnyValue::VALUE_NOT_SET: break;
    }
    return {};
}

Attributes attributes_from(const google::protobuf::RepeatedPtrField<pb::KeyValue>& list) {
    Attributes attributes;
    attributes.reserve(static_cast<std::size_t>(list.size()));
    for (const pb::KeyValue& entry : list) attributes.emplace_back(entry.key(), as_text(entry.value()));
    return attributes;
}

AgentDescription description_from(const pb::AgentDescription& message) {
    return {attributes_from(message.identifying_attributes()), attributes_from(message.non_identifying_attributes())};
}

ComponentHealth health_from(const pb::ComponentHealth& message) {
    ComponentHealth health{message.healthy(), message.start_time_unix_nano(),  message.last_error(),
                           message.status(),  message.status_time_unix_nano(), {}};
    for (const auto& [name, component] : message.component_health_map())
        health.components[name] = health_from(component);
    return health;
}

RemoteConfigStatus status_from(const pb::RemoteConfigStatus& message) {
    const bool is_known = pb::RemoteConfigStatuses_IsValid(message.status());
    return {message.last_remote_config_hash(),
            is_known ? static_cast<ConfigStatus>(message.status()) : ConfigStatus::unset, message.error_message()};
}

Components components_from(const google::protobuf::Map<std::string, pb::ComponentDetails>& map) {
    Components components;
    for (const auto& [name, details] : map)
        components[name] = {attributes_from(details.metadata()), components_from(details.sub_component_map())};
    return components;
}

/// An empty map cannot be told from one that was left out; it is taken for the latter.
AvailableComponents components_from(const pb::AvailableComponents& message) {
    AvailableComponents available{message.hash(), std::nullopt};
    if (!message.components().empty()) available.components = components_from(message.components());
    return available;
}

/// Nothing where no certificate is asked for.
std::optional<std::string> csr_from(const pb::AgentToServer& message) {
    if (!message.connection_settings_request().opamp().has_certificate_request()) return std::nullopt;
    return message.connection_settings_request().opamp().certificate_request().csr();
}

AgentState parts_from(pb::AgentToServer& message) {
    AgentState parts;
    parts.capabilities = message.capabilities();
    if (message.has_agent_description()) parts.description = description_from(message.agent_description());
    if (message.has_health()) parts.health = health_from(message.health());
    if (message.has_effective_config())
        parts.effective_config = take_files(*message.mutable_effective_config()->mutable_config_map());
    if (message.has_remote_config_status()) parts.remote_config_status = status_from(message.remote_config_status());
    if (message.has_connection_settings_status())
        parts.connection_settings_status = from_wire(message.connection_settings_status());
    if (message.has_custom_capabilities())
        parts.custom_capabilities.emplace(message.custom_capabilities().capabilities().begin(),
                                          message.custom_capabilities().capabilities().end());
    if (message.has_available_components())
        parts.available_components = components_from(message.available_components());
    return parts;
}

pb::ServerToAgent error_reply(std::string_view instance_uid, pb::ServerErrorResponseType type,
                              std::string_view reason) {
    pb::ServerToAgent reply;
    reply.set_instance_uid(std::string(instance_uid));
    reply.mutable_error_response()->set_type(type);
    reply.mutable_error_response()->set_error_message(base::to_valid_utf8(reason));
    return reply;
}

/// `part` behind its length, so that no two lists of parts look the same.
void append_part(std::string& canonical, std::string_view part) {
    for (int shift = 56; shift >= 0; shift -= 8)
        canonical += static_cast<char>(static_cast<std::uint64_t>(part.size()) >> shift);
    canonical += part;
}

}  // namespace

base::Result<AgentReport> decode_report(std::string_view payload) {
    pb::AgentToServer message;
    if (!parse(message, payload)) return base::Error(base::Kind::invalid, "the message is not a valid AgentToServer");
    const std::string& uid = message.instance_uid();
    if (uid.size() != 16)
        return base::Error(base::Kind::invalid,
                           "instance_uid has " + std::to_string(uid.size()) + " bytes instead of 16");
    const auto parsed = base::Uuid::from_bytes(uid);
    if (!parsed) return base::Error(base::Kind::invalid, "instance_uid is all zero");

    AgentReport report;
    report.instance_uid = *parsed;
    report.sequence_num = message.sequence_num();
    report.is_goodbye = message.has_agent_disconnect();
    report.wants_instance_uid = (message.flags() & pb::AgentToServerFlags_RequestInstanceUid) != 0;
    report.csr = csr_from(message);
    report.fingerprint = std::hash<std::string_view>{}(payload);
    report.parts = parts_from(message);
    if (message.has_custom_message()) report.custom_message = take_custom_message(*message.mutable_custom_message());
    return report;
}

std::string bad_request(std::string_view instance_uid, std::string_view reason) {
    return serialize(error_reply(instance_uid, pb::ServerErrorResponseType_BadRequest, reason));
}

std::string unavailable(std::string_view instance_uid, std::string_view reason,
                        std::optional<base::Duration> retry_after) {
    pb::ServerToAgent reply = error_reply(instance_uid, pb::ServerErrorResponseType_Unavailable, reason);
    if (retry_after)
        reply.mutable_error_response()->mutable_retry_info()->set_retry_after_nanoseconds(
            static_cast<std::uint64_t>(retry_after->count()));
    return serialize(reply);
}

std::string config_hash(const ConfigMap& files) {
    std::string canonical;
    append_part(canonical, std::to_string(files.size()));
    for (const auto& [name, file] : files) {
        append_part(canonical, name);
        append_part(canonical, file.body);
        append_part(canonical, file.content_type);
    }
    return base::sha256(canonical);
}

std::string settings_hash(ConnectionSettingsOffers offers) {
    offers.hash.clear();
    return base::sha256(encode(offers));
}

std::string encode(const AgentDescription& description) {
    pb::AgentDescription message;
    to_wire(description, message);
    return serialize(message);
}

std::string encode(const ComponentHealth& health) {
    pb::ComponentHealth message;
    to_wire(health, message);
    return serialize(message);
}

std::string encode(const ConfigMap& files) {
    pb::AgentConfigMap message;
    to_wire(files, message);
    return serialize(message);
}

std::string encode(const ConnectionSettingsOffers& offers) {
    pb::ConnectionSettingsOffers message;
    to_wire(offers, message);
    return serialize(message);
}

std::optional<AgentDescription> decode_description(std::string_view bytes) {
    pb::AgentDescription message;
    if (!parse(message, bytes)) return std::nullopt;
    return description_from(message);
}

std::optional<ComponentHealth> decode_health(std::string_view bytes) {
    pb::ComponentHealth message;
    if (!parse(message, bytes)) return std::nullopt;
    return health_from(message);
}

std::optional<ConfigMap> decode_config(std::string_view bytes) {
    pb::AgentConfigMap message;
    if (!parse(message, bytes)) return std::nullopt;
    return take_files(message);
}

std::optional<ConnectionSettingsOffers> decode_offers(std::string_view bytes) {
    pb::ConnectionSettingsOffers message;
    if (!parse(message, bytes)) return std::nullopt;
    return from_wire(message);
}

}  // namespace opamp
