// What the server offers for the agent's own telemetry, on its way to the agent.
#include "supervisor/agent_supervisor.hpp"

namespace supervisor {

async::Task<base::Result<void>> AgentSupervisor::use_own_telemetry(OwnTelemetryOffers) {
    co_return base::Result<void>();
}

}  // namespace supervisor
