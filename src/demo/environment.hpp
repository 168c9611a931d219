// What the variables OTEL_* say where the service's file says nothing.
#pragma once

#include "demo/settings.hpp"
#include "telemetry/environment.hpp"
#include "telemetry/telemetry.hpp"

namespace demo {

/// The defaults of the file's settings.
Settings settings_from(const telemetry::Environment& environment);
/// How it is batched.
telemetry::Options options_from(const telemetry::Environment& environment);

}  // namespace demo
