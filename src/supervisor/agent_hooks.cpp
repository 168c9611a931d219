// Programs that are run before a start and after an end.
#include "process/run_command.hpp"
#include "supervisor/agent_supervisor.hpp"
#include "supervisor/from_settings.hpp"

namespace supervisor {

using namespace async;

/// Errors: refused (it failed), cancelled (opampd ends, and the start is not wanted any more), as Child::spawn.
Task<base::Result<void>> AgentSupervisor::run_pre_start() {
    if (agent_.pre_start.command.empty()) co_return base::Result<void>();
    auto ended = co_await (run_hook(agent_.pre_start, "pre_start") || shutdown_wanted_.raised());
    if (ended.index() != 0) co_return base::Error(base::Kind::cancelled, "opampd ends");
    co_return std::get<0>(std::move(ended));
}

/// What it cleans up is cleaned up in any case, so a shutdown waits for it, but for one without patience.
Task<> AgentSupervisor::run_post_stop() {
    if (agent_.post_stop.command.empty()) co_return;
    const auto either = co_await (run_hook(agent_.post_stop, "post_stop") || kill_wanted_.raised());
    const auto ended = either.index() == 0 ? std::get<0>(either) : base::Error(base::Kind::cancelled, "killed");
    if (!ended) log_.warning("agent.post_stop_failed", {{"error", ended.error().text()}});
}

Task<base::Result<void>> AgentSupervisor::run_hook(const settings::Command& hook, const char* name) {
    const auto provision = provide(agent_, identity_.uid, "", For::command);
    if (!provision) co_return base::Error(provision.error()).within(name);
    const auto spec = command_spec(agent_, hook, identity_.uid.text(), *provision);
    const auto begun = SteadyClock::now();
    auto result = co_await process::run_command(shared_.executor, spec, shared_.guard);
    if (!result) co_return std::move(result).error().within(name);
    if (!result->succeeded())
        co_return base::Error(base::Kind::refused, std::string(name) + ": " + process::describe_failure(*result));
    log_.debug("agent.hook_ended", {{"hook", name}, {"took", base::Duration(SteadyClock::now() - begun)}});
    co_return base::Result<void>();
}

}  // namespace supervisor
