// What an agent has printed, for opampctl.
#pragma once

#include "async/blocking.hpp"
#include "control/server.hpp"
#include "supervisor/agent_output.hpp"

namespace supervisor {

class AgentSupervisor;

/// Whose it is, and where else to look.
control::Answer describe_logs(const AgentSupervisor& agent);

/// The last lines, and with `follow` those that come. Reads as fast as the peer does, and takes 64 KiB for it.
async::Task<> send_logs(AgentOutput& output, const control::Request& request, async::BlockingPool& readers,
                        control::Stream& stream);

}  // namespace supervisor
