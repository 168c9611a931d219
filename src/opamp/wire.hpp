// Between the plain values of messages.hpp and the protobuf messages. Only for the .cpp files of this folder.
#pragma once

#include <opamp/v1/opamp.pb.h>

#include <string>

#include "opamp/messages.hpp"

namespace opamp::wire {

namespace pb = opamp::proto::v1;

void to_wire(const AgentDescription& description, pb::AgentDescription& message);
void to_wire(const ComponentHealth& health, pb::ComponentHealth& message);
void to_wire(const ConfigMap& files, pb::AgentConfigMap& message);
void to_wire(const RemoteConfigStatus& status, pb::RemoteConfigStatus& message);

/// Moves the bodies out of `message`, which may be large.
ConfigMap take_files(pb::AgentConfigMap& message);
ServerError from_wire(const pb::ServerErrorResponse& message);

/// Equal values give equal bytes; maps have no order of their own on the wire.
std::string serialize(const google::protobuf::MessageLite& message);

}  // namespace opamp::wire
