#include "supervisor/own_telemetry.hpp"

#include <algorithm>
#include <utility>
#include <vector>

#include "supervisor/connection_options.hpp"

namespace supervisor {

using async::Task;
using namespace async;  // the awaitable operators
using base::Error;
using base::Kind;
using base::Result;
using telemetry::Signal;

namespace {

using Offer = std::optional<opamp::TelemetryConnectionSettings>;

/// Spec: "TLSConnectionSettings Message", "ProxyConnectionSettings Message": they stay where an offer has none. Headers
/// do not: they may be a secret of the receiver before.
void lay_over(Offer& accepted, const Offer& offer) {
    if (!offer) return;
    if (offer->destination_endpoint.empty()) return accepted.reset();
    const Offer before = std::exchange(accepted, offer);
    if (before && !accepted->tls) accepted->tls = before->tls;
    if (before && !accepted->proxy) accepted->proxy = before->proxy;
}

}  // namespace

OwnTelemetryOffers joined(OwnTelemetryOffers before, const OwnTelemetryOffers& offers) {
    if (offers.traces) before.traces = offers.traces;
    if (offers.metrics) before.metrics = offers.metrics;
    if (offers.logs) before.logs = offers.logs;
    return before;
}

void OwnTelemetry::keep_announced(OwnTelemetryOffers& offers) const {
    const settings::Capabilities& announced = partners_.settings.capabilities;
    if (!announced.reports_own_traces) offers.traces.reset();
    if (!announced.reports_own_metrics) offers.metrics.reset();
    if (!announced.reports_own_logs) offers.logs.reset();
}

Result<telemetry::Destinations> OwnTelemetry::destinations_of(const OwnTelemetryOffers& offers) const {
    telemetry::Destinations destinations;
    const std::pair<Signal, const Offer&> all[] = {
        {Signal::traces, offers.traces}, {Signal::metrics, offers.metrics}, {Signal::logs, offers.logs}};
    for (const auto& [signal, offer] : all) {
        if (!offer) continue;
        auto destination = offered_destination(*offer, partners_.settings, environment_variable);
        if (!destination) return std::move(destination).error().within("own_" + std::string(to_string(signal)));
        destinations.emplace(signal, std::move(*destination));
    }
    return destinations;
}

Result<void> OwnTelemetry::resume(const OwnTelemetryOffers& accepted) {
    auto destinations = destinations_of(accepted);
    if (!destinations) return std::move(destinations).error();
    in_force_ = *destinations;
    partners_.telemetry.use_offered(std::move(*destinations));
    return {};
}

void OwnTelemetry::expect(const OwnTelemetryOffers& offers) {
    if (offers.traces) partners_.telemetry.expect(Signal::traces);
    if (offers.logs) partners_.telemetry.expect(Signal::logs);
}

Task<Result<OwnTelemetryOffers>> OwnTelemetry::consider(const OwnTelemetryOffers& offers,
                                                        const OwnTelemetryOffers& accepted) {
    OwnTelemetryOffers wanted = accepted;
    lay_over(wanted.traces, offers.traces);
    lay_over(wanted.metrics, offers.metrics);
    lay_over(wanted.logs, offers.logs);
    auto destinations = destinations_of(wanted);
    auto proved = destinations ? Result<void>() : Result<void>(destinations.error());
    if (proved) proved = co_await prove(*destinations);
    if (proved) {
        partners_.telemetry.use_offered(*destinations);
        // Also what was accepted before: an operator may have gone back behind it meanwhile.
        proved = co_await partners_.give_to_agent(wanted);
    }
    if (!proved) {
        partners_.telemetry.use_offered(in_force_);
        co_return std::move(proved).error();
    }
    for (const auto& [signal, destination] : *destinations)
        partners_.log.info("own_telemetry.accepted",
                           {{"signal", to_string(signal)}, {"endpoint", destination.client.url.authority()}});
    in_force_ = std::move(*destinations);
    co_return wanted;
}

/// Only those that are new are tried, and a server once. Errors: invalid (TLS), refused.
Task<Result<void>> OwnTelemetry::prove(const telemetry::Destinations& wanted) const {
    std::vector<std::pair<net::ClientOptions, Result<void>>> servers;
    for (const auto& [signal, destination] : wanted) {
        const auto before = in_force_.find(signal);
        if (before != in_force_.end() && before->second == destination) continue;
        net::ClientOptions server = destination.client;
        server.url.target = "/";  // nothing is asked for
        auto known = std::ranges::find(servers, server, &std::pair<net::ClientOptions, Result<void>>::first);
        if (known == servers.end()) {
            net::Refusal refusal;
            auto tried = co_await with_timeout(destination.timeout, net::try_connection(server, refusal));
            known = servers.insert(known, {std::move(server), std::move(tried)});
        }
        const Result<void>& tried = known->second;
        if (tried) continue;
        const Kind kind = tried.error().kind();
        if (kind == Kind::invalid || kind == Kind::refused)
            co_return Error(tried.error()).within("own_" + std::string(to_string(signal)));
        partners_.log.warning("own_telemetry.unreachable", {{"signal", to_string(signal)},
                                                            {"endpoint", destination.client.url.authority()},
                                                            {"error", tried.error().text()}});
    }
    co_return Result<void>();
}

}  // namespace supervisor
