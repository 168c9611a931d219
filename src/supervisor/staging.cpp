#include "supervisor/staging.hpp"

#include "base/log.hpp"
#include "supervisor/config_check.hpp"

namespace supervisor {
namespace {

using async::Task;
using base::Result;

/// The span of a part ends with what the part came to.
template <typename T>
void end(telemetry::Span& span, const Result<T>& result) {
    if (!result) span.fail(result.error().text());
    span.end();
}

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
    auto span = with.traces.part_of(with.id, "config.policy");
    auto admitted = co_await with.disk.run([&] { return with.keeper.admit_offer(offer); });
    end(span, admitted);
    if (!admitted) co_return std::move(admitted).error();

    span = with.traces.part_of(with.id, "config.compose");
    auto composed = co_await with.disk.run([&] { return with.keeper.compose_offer(offer, *admitted); });
    end(span, composed);
    if (!composed) co_return std::move(composed).error();

    span = with.traces.part_of(with.id, "config.validate");
    auto checked = co_await check(with, offer.hash, composed->effective);
    end(span, checked);
    if (!checked) co_return std::move(checked).error();

    span = with.traces.part_of(with.id, "config.stage");
    auto stored = co_await with.disk.run([&] { return with.keeper.store(offer, *composed); });
    if (stored) span.set("opampd.revision.id", stored->revision.id);
    end(span, stored);
    co_return stored;
}

}  // namespace supervisor
