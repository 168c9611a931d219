// Another config for a running agent, without a restart.
#include "settings/signal_name.hpp"
#include "supervisor/agent_supervisor.hpp"
#include "supervisor/from_settings.hpp"

namespace supervisor {

using namespace async;

Task<> AgentSupervisor::perform(lifecycle::Reload order) {
    co_await end_probes();  // they speak of the config before
    probes_.spawn("reload", reload(order.revision));
}

Task<> AgentSupervisor::reload(lifecycle::Revision revision) {
    log_.info("agent.reloading", {{"revision", revision.id}, {"signal", settings::signal_name(agent_.reload.signal)}});
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
    begin_probes();
}

/// Errors: of the files, of the agent's answers; timeout (the agent has not taken the config).
Task<base::Result<void>> AgentSupervisor::reload_with(std::uint64_t revision) {
    const auto line = reload_line(agent_);
    base::Result<std::string> before = std::string();
    if (line) before = co_await health::read_line(*line);
    if (!before) co_return std::move(before).error().within("reload.confirm");
    const auto installed = co_await install_revision(revision);
    if (!installed) co_return installed.error();
    // The agent may have ended meanwhile, and this been told.
    bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
    if (is_ended) co_return base::Error(base::Kind::cancelled, "cancelled");
    child_->signal_leader(agent_.reload.signal);
    if (!line) co_return base::Result<void>();

    const auto begun = SteadyClock::now();
    while (SteadyClock::now() - begun < agent_.reload.timeout) {
        const auto now = co_await health::read_line(*line);
        is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return base::Error(base::Kind::cancelled, "cancelled");
        if (now && *now != *before) co_return base::Result<void>();
        co_await sleep_for(health::next_question(false, SteadyClock::now() - begun, agent_.health.interval));
    }
    co_return base::Error(base::Kind::timeout, "the agent has not taken the config within " +
                                                   base::format_duration(agent_.reload.timeout) + ": " +
                                                   agent_.reload.confirm.url + " has not changed");
}

}  // namespace supervisor
