#include "opamp/wire.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>

#include <limits>

#include "base/bytes.hpp"
#include "opamp/config_bytes.hpp"

namespace opamp {

std::string_view to_string(ConfigStatus status) {
    switch (status) {
    case ConfigStatus::unset: return "UNSET";
    case ConfigStatus::applied: return "APPLIED";
    case ConfigStatus::applying: return "APPLYING";
    case ConfigStatus::failed: return "FAILED";
    }
    return "UNSET";
}

std::optional<ConfigStatus> parse_config_status(std::string_view name) {
    for (const auto status : {ConfigStatus::unset, ConfigStatus::applied, ConfigStatus::applying, ConfigStatus::failed})
        if (to_string(status) == name) return status;
    return std::nullopt;
}

base::Duration heartbeat_interval(const OpampConnectionSettings& settings) {
    constexpr auto kMost = std::chrono::duration_cast<std::chrono::seconds>(base::Duration::max());
    const auto seconds = settings.heartbeat_interval_seconds;
    if (seconds > static_cast<std::uint64_t>(kMost.count())) return base::Duration::max();
    return std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

base::Pieces encode(const RemoteConfig& config) {
    base::Pieces pieces;
    add_config_map(pieces, config.files);
    wire::pb::AgentRemoteConfig rest;
    rest.set_config_hash(config.hash);
    pieces.add_made(wire::serialize(rest));
    return pieces;
}

std::optional<RemoteConfig> decode_remote_config(std::string_view bytes) {
    wire::pb::AgentRemoteConfig message;
    if (!wire::parse(message, bytes)) return std::nullopt;
    return RemoteConfig{wire::take_files(*message.mutable_config()), std::move(*message.mutable_config_hash())};
}

std::string encode(const OpampConnectionSettings& settings) {
    wire::pb::OpAMPConnectionSettings message;
    wire::to_wire(settings, message);
    return wire::serialize(message);
}

std::optional<OpampConnectionSettings> decode_connection_settings(std::string_view bytes) {
    wire::pb::OpAMPConnectionSettings message;
    if (!wire::parse(message, bytes)) return std::nullopt;
    return wire::from_wire(message);
}

namespace wire {
namespace {

void add_attributes(const Attributes& attributes, google::protobuf::RepeatedPtrField<pb::KeyValue>& list) {
    for (const auto& [key, value] : attributes) {
        pb::KeyValue& entry = *list.Add();
        entry.set_key(base::to_valid_utf8(key));
        entry.mutable_value()->set_string_value(base::to_valid_utf8(value));
    }
}

void set_headers(const Headers& headers, pb::Headers& message) {
    for (const auto& [key, value] : headers) {
        pb::Header& header = *message.add_headers();
        header.set_key(base::to_valid_utf8(key));
        header.set_value(base::to_valid_utf8(value));
    }
}

Headers headers_from(const pb::Headers& message) {
    Headers headers;
    for (const pb::Header& header : message.headers()) headers.emplace_back(header.key(), header.value());
    return headers;
}

void set_tls(const TlsSettings& tls, pb::TLSConnectionSettings& message) {
    message.set_ca_pem_contents(base::to_valid_utf8(tls.ca_pem_contents));
    message.set_include_system_ca_certs_pool(tls.include_system_ca_certs_pool);
    message.set_insecure_skip_verify(tls.insecure_skip_verify);
    message.set_min_version(base::to_valid_utf8(tls.min_version));
    message.set_max_version(base::to_valid_utf8(tls.max_version));
    for (const std::string& suite : tls.cipher_suites) message.add_cipher_suites(base::to_valid_utf8(suite));
}

TlsSettings tls_from(const pb::TLSConnectionSettings& message) {
    return {message.ca_pem_contents(),      message.include_system_ca_certs_pool(),
            message.insecure_skip_verify(), message.min_version(),
            message.max_version(),          {message.cipher_suites().begin(), message.cipher_suites().end()}};
}

/// The fields that the three messages of connection settings have in common.
template <typename Message>
void set_common(const ConnectionSettings& settings, Message& message) {
    message.set_destination_endpoint(base::to_valid_utf8(settings.destination_endpoint));
    if (settings.headers) set_headers(*settings.headers, *message.mutable_headers());
    if (settings.certificate) {
        message.mutable_certificate()->set_cert(settings.certificate->cert);
        message.mutable_certificate()->set_private_key(settings.certificate->private_key);
        message.mutable_certificate()->set_ca_cert(settings.certificate->ca_cert);
    }
    if (settings.tls) set_tls(*settings.tls, *message.mutable_tls());
    if (settings.proxy) {
        message.mutable_proxy()->set_url(base::to_valid_utf8(settings.proxy->url));
        if (!settings.proxy->connect_headers.empty())
            set_headers(settings.proxy->connect_headers, *message.mutable_proxy()->mutable_connect_headers());
    }
}

template <typename Message>
ConnectionSettings common_from(const Message& message) {
    ConnectionSettings settings;
    settings.destination_endpoint = message.destination_endpoint();
    if (message.has_headers()) settings.headers = headers_from(message.headers());
    if (message.has_certificate())
        settings.certificate = TlsCertificate{message.certificate().cert(), message.certificate().private_key(),
                                              message.certificate().ca_cert()};
    if (message.has_tls()) settings.tls = tls_from(message.tls());
    if (message.has_proxy())
        settings.proxy = ProxySettings{message.proxy().url(), headers_from(message.proxy().connect_headers())};
    return settings;
}

}  // namespace

void to_wire(const AgentDescription& description, pb::AgentDescription& message) {
    add_attributes(description.identifying, *message.mutable_identifying_attributes());
    add_attributes(description.non_identifying, *message.mutable_non_identifying_attributes());
}

void to_wire(const ComponentHealth& health, pb::ComponentHealth& message) {
    message.set_healthy(health.healthy);
    message.set_start_time_unix_nano(health.start_time_unix_nano);
    message.set_last_error(base::to_valid_utf8(health.last_error));
    message.set_status(base::to_valid_utf8(health.status));
    message.set_status_time_unix_nano(health.status_time_unix_nano);
    for (const auto& [name, component] : health.components)
        to_wire(component, (*message.mutable_component_health_map())[base::to_valid_utf8(name)]);
}

void to_wire(const ConfigMap& files, pb::AgentConfigMap& message) {
    for (const auto& [name, file] : files) {
        pb::AgentConfigFile& entry = (*message.mutable_config_map())[base::to_valid_utf8(name)];
        entry.set_body(file.body);
        entry.set_content_type(base::to_valid_utf8(file.content_type));
    }
}

void to_wire(const RemoteConfigStatus& status, pb::RemoteConfigStatus& message) {
    message.set_last_remote_config_hash(status.hash);
    message.set_status(static_cast<pb::RemoteConfigStatuses>(status.status));
    message.set_error_message(base::to_valid_utf8(status.error_message));
}

void to_wire(const OpampConnectionSettings& settings, pb::OpAMPConnectionSettings& message) {
    set_common(settings, message);
    message.set_heartbeat_interval_seconds(settings.heartbeat_interval_seconds);
}

void to_wire(const TelemetryConnectionSettings& settings, pb::TelemetryConnectionSettings& message) {
    set_common(settings, message);
}

void to_wire(const OtherConnectionSettings& settings, pb::OtherConnectionSettings& message) {
    set_common(settings, message);
    for (const auto& [name, value] : settings.other_settings)
        (*message.mutable_other_settings())[base::to_valid_utf8(name)] = base::to_valid_utf8(value);
}

void to_wire(const ConnectionSettingsOffers& offers, pb::ConnectionSettingsOffers& message) {
    message.set_hash(offers.hash);
    if (offers.opamp) to_wire(*offers.opamp, *message.mutable_opamp());
    if (offers.own_metrics) to_wire(*offers.own_metrics, *message.mutable_own_metrics());
    if (offers.own_traces) to_wire(*offers.own_traces, *message.mutable_own_traces());
    if (offers.own_logs) to_wire(*offers.own_logs, *message.mutable_own_logs());
    for (const auto& [name, settings] : offers.other_connections)
        to_wire(settings, (*message.mutable_other_connections())[base::to_valid_utf8(name)]);
}

void to_wire(const ConnectionSettingsStatus& status, pb::ConnectionSettingsStatus& message) {
    message.set_last_connection_settings_hash(status.hash);
    message.set_status(static_cast<pb::ConnectionSettingsStatuses>(status.status));
    message.set_error_message(base::to_valid_utf8(status.error_message));
}

void to_wire(const CustomMessage& custom, pb::CustomMessage& message) {
    message.set_capability(base::to_valid_utf8(custom.capability));
    message.set_type(base::to_valid_utf8(custom.type));
    message.set_data(custom.data);
}

void to_wire(const Component& component, pb::ComponentDetails& message) {
    add_attributes(component.metadata, *message.mutable_metadata());
    for (const auto& [name, part] : component.parts)
        to_wire(part, (*message.mutable_sub_component_map())[base::to_valid_utf8(name)]);
}

ConfigMap take_files(pb::AgentConfigMap& message) {
    ConfigMap files;
    for (auto& [name, file] : *message.mutable_config_map())
        files[name] = {std::move(*file.mutable_body()), std::move(*file.mutable_content_type())};
    return files;
}

ServerError from_wire(const pb::ServerErrorResponse& message) {
    ServerError error;
    if (message.type() == pb::ServerErrorResponseType_BadRequest) error.type = ServerError::Type::bad_request;
    if (message.type() == pb::ServerErrorResponseType_Unavailable) error.type = ServerError::Type::unavailable;
    error.message = message.error_message();
    if (message.has_retry_info()) {
        const auto ns = message.retry_info().retry_after_nanoseconds();
        const auto most = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
        error.retry_after = base::Duration(static_cast<std::int64_t>(ns < most ? ns : most));
    }
    return error;
}

OpampConnectionSettings from_wire(const pb::OpAMPConnectionSettings& message) {
    return {common_from(message), message.heartbeat_interval_seconds()};
}

ConnectionSettingsOffers from_wire(const pb::ConnectionSettingsOffers& message) {
    ConnectionSettingsOffers offers;
    offers.hash = message.hash();
    if (message.has_opamp()) offers.opamp = from_wire(message.opamp());
    if (message.has_own_metrics()) offers.own_metrics = common_from(message.own_metrics());
    if (message.has_own_traces()) offers.own_traces = common_from(message.own_traces());
    if (message.has_own_logs()) offers.own_logs = common_from(message.own_logs());
    for (const auto& [name, settings] : message.other_connections())
        offers.other_connections[name] = {common_from(settings),
                                          {settings.other_settings().begin(), settings.other_settings().end()}};
    return offers;
}

ConnectionSettingsStatus from_wire(const pb::ConnectionSettingsStatus& message) {
    const bool is_known = pb::ConnectionSettingsStatuses_IsValid(message.status());
    return {message.last_connection_settings_hash(),
            is_known ? static_cast<ConfigStatus>(message.status()) : ConfigStatus::unset, message.error_message()};
}

CustomMessage take_custom_message(pb::CustomMessage& message) {
    return {std::move(*message.mutable_capability()), std::move(*message.mutable_type()),
            std::move(*message.mutable_data())};
}

bool parse(google::protobuf::MessageLite& message, std::string_view bytes) {
    constexpr std::size_t kMost = 0x7FFFFFFF;    // protobuf counts in int
    const google::protobuf::LogSilencer silent;  // a peer's text that is not UTF-8 would be a line on stderr
    return bytes.size() <= kMost && message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

std::string serialize(const google::protobuf::MessageLite& message) {
    std::string bytes;
    bytes.reserve(message.ByteSizeLong());
    {
        google::protobuf::io::StringOutputStream stream(&bytes);
        google::protobuf::io::CodedOutputStream coded(&stream);
        coded.SetSerializationDeterministic(true);
        message.SerializeToCodedStream(&coded);
    }
    return bytes;
}

}  // namespace wire
}  // namespace opamp
