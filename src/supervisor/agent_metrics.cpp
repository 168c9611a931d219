#include "supervisor/agent_metrics.hpp"

namespace supervisor {

using telemetry::Attributes;
using telemetry::MetricKind;

namespace {

double seconds(base::Duration duration) {
    return std::chrono::duration<double>(duration).count();
}

Attributes way(AgentMetrics::Direction direction) {
    return {{"network.io.direction", direction == AgentMetrics::Direction::transmit ? "transmit" : "receive"}};
}

}  // namespace

AgentMetrics::AgentMetrics(telemetry::Meter& meter)
    : restarts_(meter.add(
          {"opampd.agent.restarts", MetricKind::counter, "{restart}", "Starts of the agent after the first one."})),
      rollouts_(meter.add({"opampd.rollout.duration",
                           MetricKind::histogram,
                           "s",
                           "From the arrival of a config to its outcome.",
                           {0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60}})),
      probes_(meter.add({"opampd.probe.duration",
                         MetricKind::histogram,
                         "s",
                         "How long the agent took to answer a probe.",
                         {0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5}})),
      healthy_(meter.add({"opampd.agent.healthy", MetricKind::gauge, "1", "1 while the agent is healthy, else 0."})),
      uptime_(meter.add({"opampd.agent.uptime", MetricKind::gauge, "s", "How long the agent's process has run."})),
      connected_(meter.add({"opampd.server.connected", MetricKind::gauge, "1",
                            "1 while there is a connection to the OpAMP server, else 0."})),
      attempts_(meter.add({"opampd.server.connection_attempts", MetricKind::counter, "{attempt}",
                           "Attempts to connect to the OpAMP server."})),
      messages_(meter.add(
          {"opampd.server.messages", MetricKind::counter, "{message}", "OpAMP messages to and from the server."})),
      bytes_(meter.add({"opampd.server.io", MetricKind::counter, "By",
                        "Bytes of OpAMP messages, before compression and encryption."})) {}

void AgentMetrics::rolled_out(base::Duration took, std::string_view kind, std::string_view outcome) {
    rollouts_.record(seconds(took), {{"kind", std::string(kind)}, {"outcome", std::string(outcome)}});
}

void AgentMetrics::probed(base::Duration took, bool is_well, const std::string& probe) {
    Attributes attributes{{"outcome", is_well ? "up" : "down"}};
    if (!probe.empty()) attributes.emplace_back("probe", probe);
    probes_.record(seconds(took), attributes);
}

void AgentMetrics::running_for(base::Duration uptime) {
    uptime_.set(seconds(uptime));
}

void AgentMetrics::connection_attempted(bool is_success) {
    attempts_.add(1, {{"outcome", is_success ? "connected" : "failed"}});
}

void AgentMetrics::message(Direction direction, std::size_t bytes) {
    messages_.add(1, way(direction));
    bytes_.add(static_cast<double>(bytes), way(direction));
}

}  // namespace supervisor
