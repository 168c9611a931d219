#include "ctl/telemetry_text.hpp"

#include "ctl/text.hpp"

namespace ctl {
namespace {

using control::SignalExport;
using control::Telemetry;

std::vector<std::string> row_of(const Telemetry& agent, const SignalExport& signal) {
    const bool is_traces = signal.signal == "traces";
    return {plain(agent.agent),
            plain(signal.signal),
            or_dash(signal.endpoint),
            or_dash(signal.origin),
            is_traces ? or_dash(agent.sampler) : "-",
            std::to_string(signal.exported),
            std::to_string(signal.rejected),
            std::to_string(signal.given_up),
            std::to_string(signal.dropped),
            std::to_string(signal.waiting)};
}

std::string troubles(const Telemetry& agent) {
    std::string text;
    if (!agent.sampler_of_settings)
        text += plain(agent.agent + ": its sampler is not that of the settings file") +
                "\n  next: opampctl reload, to have that again\n";
    for (const SignalExport& signal : agent.signals)
        if (!signal.trouble.empty())
            text += plain(agent.agent + ": " + signal.signal + (signal.failing ? " are not taken" : " were not taken") +
                          " at " + signal.trouble_at + ": " + signal.trouble) +
                    "\n";
    return text;
}

}  // namespace

std::string telemetry_text(const std::vector<Telemetry>& agents) {
    std::vector<std::vector<std::string>> rows{
        {"AGENT", "SIGNAL", "GOES TO", "SAID BY", "SAMPLER", "EXPORTED", "REJECTED", "GIVEN UP", "DROPPED", "WAITING"}};
    std::string details;
    for (const Telemetry& agent : agents) {
        for (const SignalExport& signal : agent.signals) rows.push_back(row_of(agent, signal));
        details += troubles(agent);
    }
    return table(rows) + (details.empty() ? "" : "\n" + details);
}

}  // namespace ctl
