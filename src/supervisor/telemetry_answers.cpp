#include "supervisor/telemetry_answers.hpp"

#include "rules/admission.hpp"
#include "supervisor/revision_answers.hpp"

namespace supervisor {
namespace {

std::string url_text(const net::Url& url) {
    return url.scheme + "://" + url.authority() + url.target.substr(0, url.target.find('?'));
}

std::string_view to_string(AgentTelemetry::Origin origin) {
    switch (origin) {
    case AgentTelemetry::Origin::none: return "";
    case AgentTelemetry::Origin::settings: return "settings";
    case AgentTelemetry::Origin::server: return "server";
    }
    return "";
}

}  // namespace

control::Telemetry describe_telemetry(const AgentSupervisor& agent) {
    const AgentTelemetry& telemetry = agent.telemetry();
    const Redaction redaction = rules::redactor_of(agent.settings());
    control::Telemetry described;
    described.agent = agent.name();
    described.sampler = telemetry::to_text(telemetry.sampler());
    described.sampler_of_settings = telemetry.has_sampler_of_settings();
    for (const telemetry::Signal signal : telemetry::kSignals) {
        control::SignalExport& entry = described.signals.emplace_back();
        entry.signal = telemetry::to_string(signal);
        if (const auto& destination = telemetry.pipeline().destination(signal))
            entry.endpoint = url_text(destination->client.url);
        entry.origin = to_string(telemetry.origin(signal));
        const auto counts = telemetry.pipeline().counts(signal);
        entry.exported = counts.exports.exported;
        entry.rejected = counts.exports.rejected;
        entry.given_up = counts.exports.given_up;
        entry.dropped = counts.dropped;
        entry.waiting = counts.waiting;
        const auto& trouble = telemetry.pipeline().trouble(signal);
        entry.failing = trouble.lasts;
        entry.trouble = shown(trouble.what, redaction);
        entry.trouble_at = base::time_text(trouble.unix_nano);
    }
    return described;
}

}  // namespace supervisor
