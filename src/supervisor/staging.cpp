#include "supervisor/staging.hpp"

#include "base/log.hpp"
#include "supervisor/config_check.hpp"

namespace supervisor {
namespace {

using async::Task;
using base::Result;

/// Nothing to check is good.
Task<Result<void>> check(const Staging& with, const std::string& hash, const config::Effective& effective) {
    if (with.agent.config_check.command.empty()) co_return Result<void>();
    auto copy = co_await with.disk.run([&] { return with.keeper.write_copy(effective); });
    if (!copy) co_return std::move(copy).error();
    if (!*copy) co_return Result<void>();
    base::log::debug("config_check.started",
                     {{"agent", with.agent.name}, {"command", with.agent.config_check.command.front()}});
    const auto verdict = co_await check_config(with.executor, with.agent, with.uid, **copy, with.guard);
    const CheckVerdict refusal = verdict ? *verdict : std::nullopt;
    const auto ended = co_await with.disk.run([&] { return with.keeper.end_check(hash, refusal); });
    if (!ended) base::log::error("rollout.store_failed", {{"agent", with.agent.name}, {"error", ended.error().text()}});
    if (!verdict) co_return verdict.error();
    if (refusal) co_return base::Error(base::Kind::refused, *refusal);
    co_return Result<void>();
}

}  // namespace

Task<Result<ConfigKeeper::Stored>> stage_offer(Staging with, opamp::RemoteConfig offer) {
    auto composed = co_await with.disk.run([&] { return with.keeper.compose_offer(offer); });
    if (!composed) co_return std::move(composed).error();
    auto checked = co_await check(with, offer.hash, composed->effective);
    if (!checked) co_return std::move(checked).error();
    co_return co_await with.disk.run([&] { return with.keeper.store(offer, *composed); });
}

}  // namespace supervisor
