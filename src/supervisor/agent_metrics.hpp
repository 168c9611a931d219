// The metrics of one agent's life.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/units.hpp"
#include "telemetry/metrics.hpp"

namespace supervisor {

/// docs/telemetry.md lists them.
class AgentMetrics {
public:
    explicit AgentMetrics(telemetry::Meter& meter);

    void restarted(std::string_view reason) { restarts_.add(1, {{"reason", std::string(reason)}}); }
    /// `kind`: what was rolled out, "config" or "own_telemetry".
    void rolled_out(base::Duration took, std::string_view kind, std::string_view outcome);
    /// `probe`: its name, if it has one.
    void probed(base::Duration took, bool is_well, const std::string& probe);
    void healthy(bool is_healthy) { healthy_.set(is_healthy); }
    void running_for(base::Duration uptime);
    void not_running() { uptime_.clear(); }

    void connection(bool is_connected) { connected_.set(is_connected); }
    void connection_attempted(bool is_success);
    enum class Direction { transmit, receive };
    void message(Direction direction, std::size_t bytes);

private:
    telemetry::Instrument& restarts_;
    telemetry::Instrument& rollouts_;
    telemetry::Instrument& probes_;
    telemetry::Instrument& healthy_;
    telemetry::Instrument& uptime_;
    telemetry::Instrument& connected_;
    telemetry::Instrument& attempts_;
    telemetry::Instrument& messages_;
    telemetry::Instrument& bytes_;
};

}  // namespace supervisor
