// Who the telemetry of this service is about.
#pragma once

#include "telemetry/otlp.hpp"

namespace demo {

/// With the identity that opampd gives its agents in OPAMP_INSTANCE_UID, else one of this start. `said` goes before
/// that.
telemetry::Source this_service(const telemetry::Attributes& said);

}  // namespace demo
