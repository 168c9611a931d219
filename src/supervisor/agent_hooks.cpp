// Programs that are run before a start and after an end.
#include "process/run_command.hpp"
#include "settings/command_line.hpp"
#include "supervisor/agent_supervisor.hpp"

namespace supervisor {

using namespace async;

/// Errors: refused (it failed), cancelled (opampd ends, and the start is not wanted any more), as Child::spawn.
Task<base::Result<void>> AgentSupervisor::run_pre_start() {
    if (agent_.pre_start.command.empty()) co_return base::Result<void>();
    auto ended = co_await (run_hook(agent_.pre_start, "pre_start") || shutdown_wanted_.raised());
    if (ended.index() != 0) co_return base::Error(base::Kind::cancelled, "opampd ends");
    co_return std::get<0>(std::move(ended));
}

/// What it cleans up is cleaned up in any case, so a shutdown waits for it.
Task<> AgentSupervisor::run_post_stop() {
    if (agent_.post_stop.command.empty()) co_return;
    const auto ended = co_await run_hook(agent_.post_stop, "post_stop");
    if (!ended) log_.warning("agent.post_stop_failed", {{"error", ended.error().text()}});
}

Task<base::Result<void>> AgentSupervisor::run_hook(const settings::Hook& hook, const char* name) {
    process::CommandSpec spec;
    spec.argv = settings::filled_in(hook.command, agent_, identity_.uid.text());
    spec.environment = agent_environment(agent_, identity_.uid, "");
    spec.working_directory = agent_.working_directory;
    spec.timeout = hook.timeout;
    const auto begun = SteadyClock::now();
    auto result = co_await process::run_command(shared_.executor, spec, shared_.guard);
    if (!result) co_return std::move(result).error().within(name);
    if (!result->succeeded())
        co_return base::Error(base::Kind::refused, std::string(name) + ": " + process::describe_failure(*result));
    log_.debug("agent.hook_ended", {{"hook", name}, {"took", base::Duration(SteadyClock::now() - begun)}});
    co_return base::Result<void>();
}

}  // namespace supervisor
