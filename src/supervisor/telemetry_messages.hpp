// What opampd itself understands of custom messages: the trace of an offer, and the sampler. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "telemetry/sampler.hpp"
#include "telemetry/trace_context.hpp"

namespace supervisor {

/// docs/telemetry.md describes it. A message of type kTraceContext has the headers traceparent, tracestate and baggage
/// as lines "NAME: VALUE", and counts for the rest of the ServerToAgent that it comes with. One of type kSampler has a
/// sampler as the settings file does; it is answered with what is in force then, or with "error: …".
inline constexpr std::string_view kTelemetryCapability = "io.opampd.telemetry";
inline constexpr std::string_view kTraceContext = "trace_context";
inline constexpr std::string_view kSampler = "sampler";

telemetry::Carrier parse_trace_context(std::string_view data);

}  // namespace supervisor
