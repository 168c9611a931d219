// Where the agent's own telemetry goes: tried and undone as a config is, and given to the agent beside it.
#include "base/acting_for.hpp"
#include "base/bytes.hpp"
#include "base/files.hpp"
#include "supervisor/agent_supervisor.hpp"
#include "supervisor/own_telemetry_environment.hpp"

namespace supervisor {

using namespace async;
using settings::TelemetryDelivery;

namespace {

constexpr mode_t kPrivateFile = 0600;

std::string joined(const std::vector<std::string>& texts) {
    std::string list;
    for (const std::string& text : texts) list += (list.empty() ? "" : ", ") + text;
    return list;
}

}  // namespace

Task<base::Result<void>> AgentSupervisor::use_own_telemetry(OwnTelemetryOffers offers) {
    if (agent_.own_telemetry.delivery == TelemetryDelivery::none) co_return base::Result<void>();
    auto made = make_own_telemetry(offers);
    if (!made) co_return std::move(made).error();
    if (!made->not_handed_on.empty())
        log_.warning("own_telemetry.not_handed_on",
                     {{"detail", joined(made->not_handed_on)}, {"reason", "no variable of OpenTelemetry says it"}});
    const auto fate = own_telemetry_.add(std::move(made->own_telemetry));
    inbox_filled_.raise();
    co_await fate->settled.raised();
    const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
    if (is_ended) co_return base::Error(base::Kind::cancelled, "cancelled");
    co_return fate->result;
}

Task<> AgentSupervisor::stage_own_telemetry(lifecycle::OfferId id, config::OwnTelemetry own_telemetry) {
    base::Result<ConfigKeeper::Stored> stored;
    std::uint64_t onto = 0;
    do {  // again where another config has taken the place meanwhile
        onto = state_.current.id;
        stored = co_await shared_.disk.run(
            [this, &own_telemetry, &onto] { return keeper_->store_own_telemetry(own_telemetry, onto); });
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return;
    } while (stored && state_.current.id != onto);
    if (!stored) {
        post(lifecycle::Rejected{id, stored.error().text()});
        co_return;
    }
    log_.info(stored->same_as ? "own_telemetry.kept" : "own_telemetry.changed",
              {{"revision", stored->revision.id}, {"hash", base::short_hex(stored->revision.own_telemetry)}});
    const config::Revision* same_as = stored->same_as ? &*stored->same_as : nullptr;
    post(lifecycle::Staged{id, as_lifecycle(&stored->revision), as_lifecycle(same_as)});
}

Task<> AgentSupervisor::report_own_telemetry(lifecycle::ReportConfig report) {
    switch (report.fate) {
    case lifecycle::Fate::applying: break;
    case lifecycle::Fate::applied:
        log_.info("own_telemetry.applied");
        own_telemetry_.settle(report.offer, {});
        break;
    case lifecycle::Fate::failed: {
        std::string reason = co_await reason_of(report);
        log_.warning("own_telemetry.failed", {{"error", reason}});
        own_telemetry_.settle(report.offer, base::Error(base::Kind::refused, std::move(reason)));
        break;
    }
    }
}

/// What the agent is given that way; nothing of what the operator says himself.
config::Variables AgentSupervisor::own_telemetry_of(const ConfigKeeper::Given& given, TelemetryDelivery way) const {
    if (agent_.own_telemetry.delivery != way || given.own_telemetry.empty()) return {};
    config::Variables variables = resource_variables(describe_agent(agent_, identity_.uid, version_text_, facts_));
    variables.insert(given.own_telemetry.begin(), given.own_telemetry.end());
    const auto own = operators_variables(agent_);
    for (const auto& [name, value] : own ? *own : agent_.env) variables.erase(name);  // else no start comes of it
    return variables;
}

/// For an agent that reads them from a file: there is always one. Blocks on the disk.
base::Result<void> AgentSupervisor::write_own_telemetry(const ConfigKeeper::Given& given) const {
    if (agent_.own_telemetry.delivery != TelemetryDelivery::file) return {};
    const std::string text = environment_file(own_telemetry_of(given, TelemetryDelivery::file));
    const base::Owner owner = owner_of(agent_);
    const base::ActingFor acting(owner, agent_.own_telemetry.file.parent_path());
    if (base::has_content(agent_.own_telemetry.file, text) && base::is_of(agent_.own_telemetry.file, owner)) return {};
    return base::replace_file(agent_.own_telemetry.file, text, kPrivateFile, owner);
}

}  // namespace supervisor
