// What opampctl is told of an agent's telemetry.
#pragma once

#include "control/messages.hpp"
#include "supervisor/agent_supervisor.hpp"

namespace supervisor {

/// Without headers, and without what a URL's query may hold.
control::Telemetry describe_telemetry(const AgentSupervisor& agent);

}  // namespace supervisor
