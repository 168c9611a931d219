// What the operator of this host asks of one agent.
#include "base/bytes.hpp"
#include "supervisor/agent_supervisor.hpp"

namespace supervisor {

using namespace async;

void AgentSupervisor::restart() {
    log_.info("operator.restart");
    post(lifecycle::StartWanted{});
    post(lifecycle::RestartWanted{});
}

void AgentSupervisor::stop_agent() {
    log_.info("operator.stop");
    post(lifecycle::StopWanted{});
}

void AgentSupervisor::start_agent() {
    log_.info("operator.start");
    post(lifecycle::StartWanted{});
}

void AgentSupervisor::set_sampler(const telemetry::SamplerSettings& sampler) {
    log_.info("operator.sampler", {{"sampler", telemetry::to_text(sampler)}});
    telemetry_.set_sampler(sampler);
}

Task<base::Result<std::uint64_t>> AgentSupervisor::roll_back(std::optional<std::uint64_t> revision) {
    const auto found = co_await shared_.disk.run(
        [this, &revision] { return revision ? keeper_->find_for_rollback(*revision) : keeper_->find_before(); });
    // Who asked has gone meanwhile, and was not told that it has begun.
    const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
    if (is_ended) co_return base::Error(base::Kind::cancelled, "cancelled");
    if (!found) co_return found.error();
    const std::uint64_t id = found->id;
    log_.info("operator.rollback", {{"to", id}});
    post(lifecycle::RollbackWanted{*found, "rolled back by the operator to revision " + std::to_string(id)});
    co_return id;
}

Task<base::Result<std::string>> AgentSupervisor::retry(std::optional<std::string> hash) {
    if (!hash) hash = last_received_hash_;
    if (!hash) co_return base::Error(base::Kind::not_found, "the server has offered no config");
    const std::string wanted = *hash;
    auto retried = co_await shared_.disk.run([this, &wanted] { return keeper_->forget_failure(wanted); });
    if (!retried) co_return std::move(retried).error();
    log_.info("operator.retry", {{"hash", base::short_hex(wanted)}});
    if (wanted != last_received_hash_) co_return std::string("tried when the server offers it again");
    if (*retried) {
        queue_offer(std::move(**retried));
        co_return std::string("tried again now");
    }
    // It was refused, and is not here: a server that sees no hash of an offer sends it again.
    last_received_hash_.reset();
    const opamp::RemoteConfigStatus none;
    auto saved = co_await shared_.disk.run([this, &none] { return keeper_->save_status(none); });
    if (!saved) co_return std::move(saved).error();
    server_.session().set_remote_config_status(none);
    server_.wake();
    co_return std::string("asked of the server again");
}

}  // namespace supervisor
