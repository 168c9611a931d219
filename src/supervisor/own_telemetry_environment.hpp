// Offers of own telemetry as the variables that OpenTelemetry's SDKs read. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/result.hpp"
#include "config/own_telemetry.hpp"
#include "opamp/messages.hpp"
#include "supervisor/own_telemetry_offers.hpp"

namespace supervisor {

struct MadeOwnTelemetry {
    config::OwnTelemetry own_telemetry;
    std::vector<std::string> not_handed_on;  ///< What no variable says, such as "own_traces: proxy".
};

/// The endpoint of each signal that is offered, with its headers, certificates, protocol and exporter.
///
/// Spec    OpenTelemetry, "OpenTelemetry Protocol Exporter" and "Environment Variable Specification".
/// Errors  invalid, too_large (more than an environment can have), naming the offer.
base::Result<MadeOwnTelemetry> make_own_telemetry(const OwnTelemetryOffers& offers);

/// OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME.
config::Variables resource_variables(const opamp::AgentDescription& description);

/// `inherited`, without what would go to a destination that is offered: its own variables, and the headers and
/// certificates that were meant for all signals. Signals without an offer keep these as their own.
config::Variables without_offered_signals(config::Variables inherited, const config::Variables& offered);

/// As a file of `NAME="value"` lines, which systemd's EnvironmentFile and every shell read alike.
std::string environment_file(const config::Variables& variables);

}  // namespace supervisor
