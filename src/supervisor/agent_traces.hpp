// The spans of one agent's life: a rollout, a restart or a stop is one tree.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "async/task.hpp"
#include "lifecycle/decide.hpp"
#include "supervisor/agent_metrics.hpp"
#include "telemetry/tracer.hpp"

namespace supervisor {

/// Watches the table of `lifecycle::decide` and says what belongs together. What is told of spans that take place
/// within one function is told by that function: it asks for a `part`.
///
/// An episode is what happens from a cause to the next state that can last: running and proven, stopped, or waiting
/// for another start. Its root span has the name of what was wanted. docs/telemetry.md lists the names.
class AgentTraces {
public:
    /// Both outlive the object and its spans.
    AgentTraces(telemetry::Tracer& tracer, AgentMetrics& metrics) : tracer_(tracer), metrics_(metrics) {}

    struct Offer {
        std::string hash;
        std::size_t entries = 0;
        std::uint64_t received_unix_nano = 0;
        telemetry::Carrier carrier;  ///< Of the trace that it belongs to, if the server has said so.
    };
    void offered(lifecycle::OfferId id, const Offer& offer);
    /// The same for destinations of own telemetry, whose fate is told by `settled`.
    void own_telemetry_offered(lifecycle::OfferId id);
    /// A part of what is done for the offer before the agent is touched.
    telemetry::Span part_of(lifecycle::OfferId id, std::string_view name);

    /// A step of the table, before its actions …
    void stepped(const lifecycle::Event& event, const lifecycle::State& before, const lifecycle::State& after);
    /// … and when they are done. `newest`: the newest offer.
    void settled(const lifecycle::State& state, lifecycle::OfferId newest);

    /// A part of what is under way with the agent.
    telemetry::Span part(std::string_view name);
    /// From now until the end of the episode all parts are those of a way back.
    void rolls_back(const lifecycle::NoteRollback& rollback);
    /// The report of an offer's fate is a part, and the fate that of its rollout.
    telemetry::Span report(const lifecycle::ReportConfig& report);

    void signalled(int pid, std::string_view signal);
    void exited(std::string_view status);
    void spawned();

    /// Of what is under way, for log records and for programs that are started; none is not valid.
    telemetry::SpanContext context() const;
    telemetry::Carrier carrier() const;

private:
    struct Episode {
        telemetry::Span root;
        telemetry::Span way_back;
        std::string baggage;
        std::string kind;       ///< What is rolled out; empty for other episodes.
        std::string reason;     ///< Of a start of the agent within it.
        std::string outcome;    ///< Of a rollout, once it is known.
        bool is_tried = false;  ///< The agent was touched for it.
        async::SteadyClock::time_point begin = async::SteadyClock::now();
    };
    using Key = lifecycle::OfferId;  ///< 0: no offer's.

    void begin(std::string_view name, std::string_view reason);
    void name_cause(const lifecycle::Event& event, const lifecycle::State& before, const lifecycle::State& after);
    void watch_gate(const lifecycle::Event& event, const lifecycle::State& after);
    void end(Key key, std::string_view outcome);
    Episode* current();
    const Episode* in_view() const;

    telemetry::Tracer& tracer_;
    AgentMetrics& metrics_;
    std::map<Key, Episode> episodes_;
    std::optional<Key> current_;  ///< What the agent's process goes through.
    telemetry::Span stop_, gate_;
    bool has_started_ = false;
};

}  // namespace supervisor
