// All telemetry of one agent: where it goes, whose it is said to be, and what there is to tell.
#pragma once

#include <map>
#include <string>

#include "base/log.hpp"
#include "opamp/messages.hpp"
#include "supervisor/agent_metrics.hpp"
#include "supervisor/agent_traces.hpp"
#include "supervisor/telemetry_options.hpp"
#include "telemetry/process_metrics.hpp"
#include "telemetry/telemetry.hpp"

namespace supervisor {

/// Per signal, what the server offers goes before the settings file.
///
/// Spec    "Own Telemetry Reporting": the Resource has all identifying attributes of the agent.
class AgentTelemetry {
public:
    /// `log` outlives the object.
    AgentTelemetry(async::asio::any_io_executor executor, const base::log::Scope& log,
                   const telemetry::Options& options = {});

    AgentTraces& traces() { return traces_; }
    AgentMetrics& metrics() { return metrics_; }
    telemetry::Tracer& tracer() { return pipeline_.tracer(); }
    telemetry::Telemetry& pipeline() { return pipeline_; }
    const telemetry::Telemetry& pipeline() const { return pipeline_; }

    void describe(const opamp::AgentDescription& description);
    /// Whose cost is measured beside opampd's own; asked at each collection. Not changed later.
    void measure(telemetry::ProcessMetrics::List agent);
    /// The settings file's. A sampler that was set meanwhile gives way.
    void use_local(LocalTelemetry local);
    /// The server's, for all signals: those without one have the settings file's.
    void use_offered(telemetry::Destinations offered);
    /// An offer for the signal is being looked at.
    void expect(telemetry::Signal signal);
    /// Until the settings file is read again.
    void set_sampler(const telemetry::SamplerSettings& sampler) { pipeline_.tracer().set_sampler(sampler); }
    const telemetry::SamplerSettings& sampler() const { return pipeline_.tracer().sampler(); }
    bool has_sampler_of_settings() const { return sampler() == local_.sampler; }

    /// Whose word it is where a signal goes to.
    enum class Origin { none, settings, server };
    Origin origin(telemetry::Signal signal) const;

    /// An event of the log that concerns the agent.
    void note(base::log::Level level, std::string_view event, const base::log::Fields& fields);
    /// A line that the agent has printed.
    void note_output(std::string line);
    bool sends_agent_output() const { return local_.sends_agent_output && pipeline_.is_on(telemetry::Signal::logs); }
    /// Raised when that may have changed.
    async::Notice& output_changed() { return output_changed_; }

    /// Exports until `finish` and what is left has been tried, or until cancelled.
    async::Task<> run() { return pipeline_.run(); }
    void finish() { pipeline_.finish(); }

private:
    void settle();
    void measure_exports();

    telemetry::Telemetry pipeline_;
    AgentMetrics metrics_;
    AgentTraces traces_;
    LocalTelemetry local_;
    telemetry::Destinations offered_;
    opamp::AgentDescription description_;
    std::optional<telemetry::ProcessMetrics> processes_;
    telemetry::Instrument& exported_;
    telemetry::Instrument& dropped_;
    async::Notice output_changed_;
};

}  // namespace supervisor
