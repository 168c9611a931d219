// What a server offers and asks, cut down to what the agent has announced. Only for the .cpp files of this folder.
#pragma once

#include <opamp/v1/opamp.pb.h>

#include <cstdint>

#include "opamp/messages.hpp"

namespace opamp {

/// Moves the offers of `message` into `orders`. `capabilities`: AgentCapability bits; what they do not cover is named
/// in `orders.ignored`. Spec: "AgentToServer.capabilities".
void take_remote_config(proto::v1::ServerToAgent& message, std::uint64_t capabilities, Orders& orders);
void take_connection_settings(const proto::v1::ServerToAgent& message, std::uint64_t capabilities, Orders& orders);

}  // namespace opamp
