// Where telemetry goes to, by the settings file and by what a server offers. Pure but for the environment.
#pragma once

#include <optional>

#include "net/proxy.hpp"
#include "opamp/messages.hpp"
#include "settings/settings.hpp"
#include "telemetry/attributes.hpp"
#include "telemetry/destination.hpp"
#include "telemetry/sampler.hpp"

namespace supervisor {

/// What the settings file says; without a word of it nothing is sent.
struct LocalTelemetry {
    telemetry::Destinations destinations;
    telemetry::SamplerSettings sampler;
    base::Duration metric_interval = std::chrono::seconds(10);
    bool sends_agent_output = false;
    settings::TextMap resource;         ///< Beside the agent's description, and weaker.
    telemetry::Attributes environment;  ///< Of OTEL_RESOURCE_ATTRIBUTES: weaker than that.
    std::vector<std::string> notes;     ///< What of the environment was not taken.
};
/// Where the file says nothing the variables OTEL_* count. Errors: invalid (a URL, a header, a TLS file).
base::Result<LocalTelemetry> local_telemetry(const settings::Settings& settings, const net::Variable& variable);

/// The URL is used as it is. What the offer does not say of TLS and proxies is as in the settings file; no
/// certificate of the file is used. Errors: invalid. Spec: "TelemetryConnectionSettings", TLM-2, TLM-12, TLM-13.
base::Result<telemetry::Destination> offered_destination(const opamp::TelemetryConnectionSettings& offer,
                                                         const settings::Settings& settings,
                                                         const net::Variable& variable);

}  // namespace supervisor
