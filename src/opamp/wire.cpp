#include "opamp/wire.hpp"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <limits>

#include "base/bytes.hpp"

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

std::string encode(const RemoteConfig& config) {
    wire::pb::AgentRemoteConfig message;
    wire::to_wire(config.files, *message.mutable_config());
    message.set_config_hash(config.hash);
    return wire::serialize(message);
}

std::optional<RemoteConfig> decode_remote_config(std::string_view bytes) {
    wire::pb::AgentRemoteConfig message;
    if (!message.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) return std::nullopt;
    return RemoteConfig{wire::take_files(*message.mutable_config()), std::move(*message.mutable_config_hash())};
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
