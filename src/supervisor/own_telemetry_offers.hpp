// Where the server wants the agent's own telemetry. Spec: "Own Telemetry Reporting".
#pragma once

#include <optional>

#include "opamp/messages.hpp"

namespace supervisor {

/// What is in force of all three: a signal without an offer is the agent's own business.
struct OwnTelemetryOffers {
    std::optional<opamp::TelemetryConnectionSettings> traces, metrics, logs;
    friend bool operator==(const OwnTelemetryOffers&, const OwnTelemetryOffers&) = default;
};

}  // namespace supervisor
