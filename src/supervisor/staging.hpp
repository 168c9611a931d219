// What an offered config goes through before the agent is touched: composed, checked, stored.
#pragma once

#include "async/blocking.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "opamp/messages.hpp"
#include "process/guard.hpp"
#include "settings/settings.hpp"
#include "supervisor/agent_traces.hpp"
#include "supervisor/config_keeper.hpp"

namespace supervisor {

/// All of it outlives the task.
struct Staging {
    async::asio::any_io_executor executor;
    async::BlockingPool& disk;
    ConfigKeeper& keeper;
    const settings::Agent& agent;
    base::Uuid uid;
    process::Guard* guard;  ///< May be null.
    AgentTraces& traces;
    lifecycle::OfferId id;  ///< Of the offer, in `traces`.
};

/// Errors  as ConfigKeeper::admit_offer, compose_offer and store; refused (the check's verdict), as check_config.
/// Cancel  ends the check; what the disk is at is finished.
async::Task<base::Result<ConfigKeeper::Stored>> stage_offer(Staging with, opamp::RemoteConfig offer);

}  // namespace supervisor
