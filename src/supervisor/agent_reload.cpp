// Another config for a running agent, without a restart.
#include "supervisor/agent_supervisor.hpp"
#include "supervisor/reloader.hpp"

namespace supervisor {

using namespace async;

Task<> AgentSupervisor::perform(lifecycle::Reload order) {
    co_await end_probes();  // they speak of the config before
    reloads_.spawn("reload", reload(order.revision));
}

Task<> AgentSupervisor::reload(lifecycle::Revision revision) {
    log_.info("agent.reloading", {{"revision", revision.id}, {"by", Reloader::describe(agent_.reload)}});
    const auto begun = SteadyClock::now();
    auto span = telemetry_.traces().part("agent.reload");
    span.set("opampd.revision.id", revision.id);
    const auto reloaded = co_await reload_with(revision.id);
    const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
    if (!reloaded) span.fail(reloaded.error().text());
    span.end();
    if (is_ended) co_return;
    if (!reloaded) {
        log_.warning("agent.reload_failed", {{"error", reloaded.error().text()}});
        post(lifecycle::ReloadFailed{revision, reloaded.error().text()});
        co_return;
    }
    log_.info("agent.reloaded", {{"revision", revision.id}, {"took", base::Duration(SteadyClock::now() - begun)}});
    post(lifecycle::Reloaded{revision});
    probes_.begin_again();
}

/// Errors: of the files, of the agent's answers; timeout (the agent has not taken the config).
Task<base::Result<void>> AgentSupervisor::reload_with(std::uint64_t revision) {
    const bool runs_commands = !agent_.reload.command.empty() || !agent_.reload.confirm.command.empty();
    const auto provision = provide_commands(agent_, identity_.uid, "", runs_commands);
    if (!provision) co_return provision.error();
    Reloader reloader({shared_.executor, agent_, output_, probes_.notified(), shared_.guard}, child_->pid(), *provision,
                      identity_.uid.text());
    auto looked = co_await reloader.look_before();
    if (!looked) co_return looked;
    const auto installed = co_await install_revision(revision);
    if (!installed) co_return installed.error();
    // The agent may have ended meanwhile, and this been told.
    const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
    if (is_ended) co_return base::Error(base::Kind::cancelled, "cancelled");
    auto told = co_await reloader.order(*child_);
    if (!told) co_return told;
    co_return co_await reloader.await_proof();
}

}  // namespace supervisor
