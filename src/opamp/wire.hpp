// Between the plain values of messages.hpp and the protobuf messages. Only for the .cpp files of this folder.
#pragma once

#include <opamp/v1/opamp.pb.h>

#include <string>
#include <string_view>

#include "opamp/messages.hpp"

namespace opamp::wire {

namespace pb = opamp::proto::v1;

void to_wire(const AgentDescription& description, pb::AgentDescription& message);
void to_wire(const ComponentHealth& health, pb::ComponentHealth& message);
void to_wire(const ConfigMap& files, pb::AgentConfigMap& message);
void to_wire(const RemoteConfigStatus& status, pb::RemoteConfigStatus& message);
void to_wire(const OpampConnectionSettings& settings, pb::OpAMPConnectionSettings& message);
void to_wire(const TelemetryConnectionSettings& settings, pb::TelemetryConnectionSettings& message);
void to_wire(const OtherConnectionSettings& settings, pb::OtherConnectionSettings& message);
void to_wire(const ConnectionSettingsOffers& offers, pb::ConnectionSettingsOffers& message);
void to_wire(const ConnectionSettingsStatus& status, pb::ConnectionSettingsStatus& message);
void to_wire(const CustomMessage& custom, pb::CustomMessage& message);
void to_wire(const Component& component, pb::ComponentDetails& message);

/// Moves the bodies out of `message`, which may be large.
ConfigMap take_files(pb::AgentConfigMap& message);
ServerError from_wire(const pb::ServerErrorResponse& message);
OpampConnectionSettings from_wire(const pb::OpAMPConnectionSettings& message);
ConnectionSettingsOffers from_wire(const pb::ConnectionSettingsOffers& message);
ConnectionSettingsStatus from_wire(const pb::ConnectionSettingsStatus& message);
CustomMessage take_custom_message(pb::CustomMessage& message);

/// False where `bytes` are no such message.
bool parse(google::protobuf::MessageLite& message, std::string_view bytes);

/// Equal values give equal bytes; maps have no order of their own on the wire.
std::string serialize(const google::protobuf::MessageLite& message);

}  // namespace opamp::wire
