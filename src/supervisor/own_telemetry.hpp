// What is done with destinations for an agent's own telemetry that the server offers.
#pragma once

#include <functional>

#include "supervisor/agent_telemetry.hpp"
#include "supervisor/own_telemetry_offers.hpp"

namespace supervisor {

/// Offers are checked, tried, used for what opampd tells of the agent, and handed to the agent.
///
/// Spec    "Own Telemetry Reporting", "Connection Settings Management".
class OwnTelemetry {
public:
    /// All outlive the object.
    struct Partners {
        const settings::Settings& settings;
        AgentTelemetry& telemetry;
        const base::log::Scope& log;
        /// Returns once the agent runs with them, or an Error after it was brought back to what was before.
        std::function<async::Task<base::Result<void>>(OwnTelemetryOffers)> give_to_agent;
    };
    explicit OwnTelemetry(Partners partners) : partners_(std::move(partners)) {}

    /// Takes out the signals that are not announced to the server (any more).
    void keep_announced(OwnTelemetryOffers& offers) const;
    /// What was accepted before this start. Errors: invalid (the settings or this program have changed): not used.
    base::Result<void> resume(const OwnTelemetryOffers& accepted);

    /// An offer has come, and will be considered: what happens meanwhile is recorded for it.
    void expect(const OwnTelemetryOffers& offers);
    /// What was expected was nothing new.
    void forget_expected() { partners_.telemetry.use_offered(in_force_); }
    /// In force are `accepted` with what `offers` says of them; what that comes to. An offer without an endpoint takes
    /// away the server's destination. Errors: invalid, refused (the receiver, by TLS or HTTP), and why the agent does
    /// not run with it: then everything is as before. A receiver that is not there is not an error: it may come.
    async::Task<base::Result<OwnTelemetryOffers>> consider(const OwnTelemetryOffers& offers,
                                                           const OwnTelemetryOffers& accepted);

private:
    base::Result<telemetry::Destinations> destinations_of(const OwnTelemetryOffers& offers) const;
    async::Task<base::Result<void>> prove(const telemetry::Destinations& wanted) const;

    const Partners partners_;
    telemetry::Destinations in_force_;
};

/// `before` with the later word on each signal that `offers` has one on.
OwnTelemetryOffers joined(OwnTelemetryOffers before, const OwnTelemetryOffers& offers);

}  // namespace supervisor
