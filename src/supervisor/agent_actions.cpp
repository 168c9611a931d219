// What the table orders: the actions of lifecycle::decide, carried out.
#include <signal.h>

#include <utility>

#include "base/bytes.hpp"
#include "rules/admission.hpp"
#include "settings/command_line.hpp"
#include "settings/signal_name.hpp"
#include "supervisor/agent_supervisor.hpp"
#include "supervisor/from_settings.hpp"
#include "supervisor/staging.hpp"

namespace supervisor {

using namespace async;

namespace {

constexpr std::size_t kLongestReason = 8192;
constexpr std::string_view kShutdownText = "Supervisor is shutdown";  // the text that other supervisors report

/// A little more or less, so that many agents that died of one thing do not come back at once.
base::Duration spread(base::Duration pause) {
    constexpr int kParts = 1000, kMost = 200;
    const auto part = static_cast<std::int64_t>(base::random_u64() % (2 * kMost + 1)) - kMost;
    return pause + pause / kParts * part;
}

}  // namespace

Task<> AgentSupervisor::perform(lifecycle::Stage stage) {
    // Beside the agent's life: a check takes its time, and a crash is healed meanwhile.
    if (OwnTelemetryRollouts::has(stage.offer))
        staging_.spawn("stage", stage_own_telemetry(stage.offer, own_telemetry_.tried()));
    else
        staging_.spawn("stage", this->stage(stage.offer, offers_.take(stage.offer)));
    co_return;
}

Task<> AgentSupervisor::stage(lifecycle::OfferId id, opamp::RemoteConfig offer) {
    const Staging with{shared_.executor, shared_.disk,        *keeper_, agent_, identity_.uid,
                       shared_.guard,    telemetry_.traces(), id};
    auto stored = co_await stage_offer(with, std::move(offer));
    const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
    if (is_ended) co_return;
    if (!stored) {
        post(lifecycle::Rejected{id, stored.error().text()});
        co_return;
    }
    log_.info(stored->same_as ? "effective_config.kept" : "effective_config.changed",
              {{"revision", stored->revision.id}, {"hash", base::short_hex(stored->revision.hash)}});
    const config::Revision* same_as = stored->same_as ? &*stored->same_as : nullptr;
    post(lifecycle::Staged{id, as_lifecycle(&stored->revision), as_lifecycle(same_as)});
}

Task<base::Result<ConfigKeeper::Given>> AgentSupervisor::install_revision(std::uint64_t id) {
    auto given = co_await shared_.disk.run([this, id]() -> base::Result<ConfigKeeper::Given> {
        auto installed = keeper_->install(id);
        if (!installed) return installed;
        if (auto written = write_own_telemetry(*installed); !written) return std::move(written).error();
        return installed;
    });
    if (given) server_.session().set_effective_config(given->report);
    co_return given;
}

Task<> AgentSupervisor::perform(lifecycle::Start start) {
    log_.info("agent.starting", {{"revision", start.revision.id}});
    output_.forget();
    auto span = telemetry_.traces().part("agent.start");
    span.set("opampd.revision.id", start.revision.id);
    const auto installed = co_await install_revision(start.revision.id);
    auto spawned = base::Result<void>();
    if (!installed)
        spawned = installed.error();
    else
        spawned = co_await run_pre_start();
    if (spawned) spawned = spawn(*installed);
    if (spawned) {
        span.set("process.pid", child_->pid());
        span.set("opampd.config.hash", base::to_hex(installed->revision.hash));
        span.end();
        telemetry_.traces().spawned();
        spawned_.raise();
        inbox_.push_front(lifecycle::Spawned{start.revision});
        co_return;
    }
    span.fail(spawned.error().text());
    log_.error("agent.start_failed", {{"error", spawned.error().text()}});
    inbox_.push_front(lifecycle::SpawnFailed{start.revision, spawned.error().text()});
}

Task<> AgentSupervisor::perform(lifecycle::Adopt adopt) {
    auto given = co_await shared_.disk.run([this, &adopt] { return keeper_->adopt(adopt.revision.id); });
    if (given)
        server_.session().set_effective_config(std::move(given->report));
    else
        log_.error("config.adopt_failed", {{"revision", adopt.revision.id}, {"error", given.error().text()}});
}

Task<> AgentSupervisor::perform(lifecycle::Install install) {
    const auto installed = co_await install_revision(install.revision.id);
    if (!installed)
        log_.error("config.install_failed", {{"error", installed.error().text()}});
    else
        log_.info("agent.not_needed", {{"reason", "there is no config to run with"}});
}

base::Result<void> AgentSupervisor::spawn(const ConfigKeeper::Given& given) {
    auto output = output_.descriptor();
    if (!output) return std::move(output).error();
    const std::string hash = base::to_hex(given.revision.hash);
    auto variables = own_telemetry_of(given, settings::TelemetryDelivery::environment);
    // Spec: OpenTelemetry, "Environment Variables as Context Propagation Carriers".
    const telemetry::Carrier carrier = telemetry_.traces().carrier();
    for (const auto& [name, value] :
         {std::pair("TRACEPARENT", carrier.traceparent), std::pair("TRACESTATE", carrier.tracestate),
          std::pair("BAGGAGE", carrier.baggage)})
        if (!value.empty()) variables[name] = value;
    if (!output_.journal_stream().empty()) variables["JOURNAL_STREAM"] = output_.journal_stream();
    variables.merge(probes_.variables());
    auto provision = provide(agent_, identity_.uid, hash, For::agent, variables);
    if (!provision) return std::move(provision).error();
    auto for_probes = provide_commands(agent_, identity_.uid, hash, probes_.run_commands());
    if (!for_probes) return std::move(for_probes).error();
    process::SpawnSpec spec;
    spec.executable = agent_.executable;
    spec.args = settings::filled_in(agent_.args, agent_, identity_.uid.text(), provision->credentials);
    spec.environment = provision->environment;
    spec.privileges = provision->privileges;
    spec.descriptors = provision->descriptor_numbers();
    spec.working_directory = agent_.working_directory;
    spec.output = output->get();
    // The journal takes who writes first for the program, and tells starts by itself.
    if (output_.journal_stream().empty()) spec.start_line_head = AgentOutput::kStartLineHead;
    spec.start_line_tail = ", config hash " + hash + " ---\n";
    base::UniqueFd cgroup_procs;
    if (cgroup_) {
        auto opened = cgroup_->open_procs();
        if (!opened) return std::move(opened).error();
        cgroup_procs = *std::move(opened);
        spec.cgroup_procs = cgroup_procs.get();
    }
    memory_kills_before_ = memory_kills();
    health_.start_time_unix_nano = base::unix_nano_now();
    auto child = process::Child::spawn(shared_.executor, spec);
    output_.take_up();
    if (!child) {
        health_.start_time_unix_nano = 0;
        return std::move(child).error();
    }
    child_ = std::make_unique<process::Child>(std::move(*child));
    secrets_ = std::move(provision->folder);
    known_secrets_ = std::move(provision->secrets);
    run_id_ = std::move(provision->run_id);
    if (shared_.guard && !shared_.guard->watch(child_->pid()))
        log_.warning("guard.lost", {{"detail", "after a kill of opampd, children of the agent may live on"}});
    base::log::Fields fields{{"pid", child_->pid()}, {"config_hash", base::short_hex(given.revision.hash)}};
    if (died_) fields.emplace_back("since_end", base::Duration(SteadyClock::now() - *died_));
    died_.reset();
    log_.info("agent.started", fields);
    probes_.begin({child_->pid(), health_.start_time_unix_nano, run_id_, *std::move(for_probes), identity_.uid.text()});
    return {};
}

/// What the agent has printed last since its start.
Task<std::string> AgentSupervisor::last_words() {
    if (!last_words_) {
        last_words_ = co_await output_.last_words();
        if (const auto redactor = rules::redactor_of(agent_)) last_words_ = redactor->redact_output(*last_words_);
        last_words_ = known_secrets_.redact(std::move(*last_words_));
    }
    co_return *last_words_;
}

/// `reason`, with those.
Task<std::string> AgentSupervisor::with_last_words(std::string reason) {
    const std::string words = co_await last_words();
    if (!words.empty()) reason += "\n" + words;
    co_return base::shortened(reason, kLongestReason);
}

/// Of a failure; with those where a process was started for the offer.
Task<std::string> AgentSupervisor::reason_of(const lifecycle::ReportConfig& report) {
    if (report.offer == tried_offer_) co_return co_await with_last_words(report.reason);
    co_return base::shortened(report.reason, kLongestReason);
}

Task<> AgentSupervisor::perform(lifecycle::SignalStop stop) {
    co_await end_probes();
    const settings::StopStep& step = stops_[stop.step];
    log_.info("agent.stopping", {{"pid", child_->pid()}, {"signal", settings::signal_name(step.signal)}});
    telemetry_.traces().signalled(child_->pid(), settings::signal_name(step.signal));
    child_->signal(has_no_patience_ ? SIGKILL : step.signal);
}

Task<> AgentSupervisor::perform(lifecycle::Kill) {
    log_.warning(
        "agent.killed",
        {{"pid", child_->pid()}, {"reason", "it did not stop in time"}, {"stop_timeout", stops_.back().timeout}});
    child_->signal(SIGKILL);
    if (cgroup_) cgroup_->kill();
    co_return;
}

Task<> AgentSupervisor::perform(lifecycle::NoteRestart restart) {
    log_.warning("agent.restarting", {{"reason", restart.reason}});
    co_return;
}

Task<> AgentSupervisor::perform(lifecycle::ArmDeadline arm) {
    const bool is_pause = state_.phase == lifecycle::Phase::backing_off;
    deadline_ = SteadyClock::now() + (is_pause ? spread(arm.in) : arm.in);
    co_return;
}

Task<> AgentSupervisor::perform(lifecycle::ClearDeadline) {
    deadline_ = SteadyClock::time_point::max();
    co_return;
}

Task<> AgentSupervisor::perform(lifecycle::Commit commit) {
    auto span = telemetry_.traces().part("config.commit");
    span.set("opampd.revision.id", commit.revision.id);
    auto committed =
        co_await shared_.disk.run([this, &commit] { return keeper_->commit(commit.revision.id, commit.older_good); });
    if (committed) co_return;
    span.fail(committed.error().text());
    log_.error("config.commit_failed", {{"revision", commit.revision.id}, {"error", committed.error().text()}});
}

Task<> AgentSupervisor::perform(lifecycle::ReportConfig report) {
    auto span = telemetry_.traces().report(report);
    if (OwnTelemetryRollouts::has(report.offer)) {
        co_await report_own_telemetry(std::move(report));
        co_return;
    }
    opamp::RemoteConfigStatus status;
    status.hash = offers_.hash_of(report.offer);
    switch (report.fate) {
    case lifecycle::Fate::applying: status.status = opamp::ConfigStatus::applying; break;
    case lifecycle::Fate::applied: status.status = opamp::ConfigStatus::applied; break;
    case lifecycle::Fate::failed:
        status.status = opamp::ConfigStatus::failed;
        status.error_message = co_await reason_of(report);
        break;
    }
    auto saved = co_await shared_.disk.run([this, &status] { return keeper_->save_status(status); });
    if (!saved) log_.error("status.store_failed", {{"error", saved.error().text()}});
    server_.session().set_remote_config_status(status);
    server_.wake();
    const base::log::Field hash("hash", base::short_hex(status.hash));
    if (report.fate == lifecycle::Fate::applying) log_.info("config.applying", {hash});
    if (report.fate == lifecycle::Fate::applied) log_.info("config.applied", {hash});
    if (report.fate == lifecycle::Fate::failed) log_.warning("config.failed", {hash, {"error", status.error_message}});
}

Task<> AgentSupervisor::perform(lifecycle::ReportHealth report) {
    const bool was_healthy = health_.healthy;
    // Of a crash the server is told what it takes to understand it.
    std::string told = report.reason;
    if (!report.healthy && last_words_) told = co_await with_last_words(std::move(told));
    report_health(report.healthy, told, is_flip_ ? opamp::Urgency::paced : opamp::Urgency::at_once);
    if (report.healthy != was_healthy)
        log_.info(report.healthy ? "agent.healthy" : "agent.unhealthy",
                  report.healthy ? base::log::Fields{} : base::log::Fields{{"reason", report.reason}});
    co_return;
}

Task<> AgentSupervisor::perform(lifecycle::NoteRollback rollback) {
    telemetry_.traces().rolls_back(rollback);
    log_.warning("config.rolled_back",
                 {{"from", rollback.from.id}, {"to", rollback.to.id}, {"reason", rollback.reason}});
    std::string reason = rollback.reason;
    if (!rollback.by_operator) reason = co_await with_last_words(rollback.reason);
    auto noted = co_await shared_.disk.run([this, &rollback, &reason] {
        return rollback.by_operator ? keeper_->note_unwanted(rollback.from.id, rollback.to.id, reason)
                                    : keeper_->note_failure(rollback.from.id, reason);
    });
    if (!noted) log_.error("rollout.store_failed", {{"error", noted.error().text()}});
    if (!rollback.by_operator) co_return;
    const auto status = co_await shared_.disk.run([this] { return keeper_->status(); });
    server_.session().set_remote_config_status(status);
    server_.wake();
}

Task<> AgentSupervisor::perform(lifecycle::Finish) {
    report_health(false, std::string(kShutdownText));
    co_return;
}

}  // namespace supervisor
