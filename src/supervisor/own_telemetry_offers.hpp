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

/// What `offers` says of it.
inline OwnTelemetryOffers own_telemetry_of(const opamp::ConnectionSettingsOffers& offers) {
    return {offers.own_traces, offers.own_metrics, offers.own_logs};
}

}  // namespace supervisor
