// A config's files as they are on the wire, without a copy of what may be large. Only for the .cpp files of this
// folder.
#pragma once

#include "base/pieces.hpp"
#include "opamp/messages.hpp"

namespace opamp {

/// Adds field 1 of an EffectiveConfig or of an AgentRemoteConfig, which is the AgentConfigMap of `files`; these outlive
/// the pieces.
void add_config_map(base::Pieces& pieces, const ConfigMap& files);

}  // namespace opamp
