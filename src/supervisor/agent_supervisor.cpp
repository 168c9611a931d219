#include "supervisor/agent_supervisor.hpp"

#include <signal.h>

#include <algorithm>
#include <utility>

#include "rules/admission.hpp"
#include "supervisor/from_settings.hpp"

namespace supervisor {

using namespace async;  // the awaitable operators, and names of tasks
using lifecycle::Event;

namespace {

bool is_answer(const Event& event) {
    return std::holds_alternative<lifecycle::ProbeUp>(event) || std::holds_alternative<lifecycle::ProbeDown>(event);
}

/// What a process says of itself; nothing once it has ended or is about to.
bool is_of_process(const Event& event) {
    return is_answer(event) || std::holds_alternative<lifecycle::Reloaded>(event) ||
           std::holds_alternative<lifecycle::ReloadFailed>(event);
}

}  // namespace

AgentSupervisor::AgentSupervisor(const Shared& shared, const settings::Settings& settings, const settings::Agent& agent)
    : agent_(agent),
      folder_(settings.storage.directory / agent.name),
      policy_(lifecycle_policy(agent)),
      stops_(settings::stop_steps(agent)),
      shared_(shared),
      log_({{"agent", agent.name}}),
      telemetry_(shared.executor, log_, shared.telemetry),
      version_(agent, folder_),
      facts_(shared.host.facts),
      server_({shared.executor, shared.disk, shared.readers, settings, agent, *this, telemetry_, shared.guard,
               [this](OwnTelemetryOffers offers) { return use_own_telemetry(std::move(offers)); }},
              folder_, log_),
      inbox_filled_(shared.executor),
      begun_(shared.executor),
      shutdown_wanted_(shared.executor),
      kill_wanted_(shared.executor),
      spawned_(shared.executor),
      output_({shared.executor, shared.packer, shared.guard, agent, log_}, folder_),
      output_records_({shared.executor, agent, output_, telemetry_, log_}),
      probes_({shared.executor, agent, telemetry_.metrics(), log_, shared.guard, [this] { heed_probes(); }}),
      reloads_(shared.executor),
      staging_(shared.executor),
      own_telemetry_(shared.executor) {
    telemetry_.measure([this] { return processes(); });
    telemetry_.pipeline().meter().observe([this] {
        if (health_.start_time_unix_nano != 0)
            telemetry_.metrics().running_for(
                base::Duration(static_cast<std::int64_t>(base::unix_nano_now() - health_.start_time_unix_nano)));
        else
            telemetry_.metrics().not_running();
    });
}

std::vector<telemetry::ObservedProcess> AgentSupervisor::processes() const {
    if (!child_) return {};
    return {{agent_.executable.filename().string(), child_->pid(), telemetry::ObservedProcess::Extent::tree}};
}

base::Result<void> AgentSupervisor::open() {
    if (agent_.cgroup.enabled && shared_.cgroups && *shared_.cgroups) {
        auto cgroup = process::Cgroup::make(**shared_.cgroups, agent_.name, agent_.cgroup.files);
        if (!cgroup) return std::move(cgroup).error().within("cgroup");
        cgroup_.emplace(std::move(*cgroup));
    }
    auto identity = load_identity(folder_, agent_.instance_id);
    if (!identity) return std::move(identity).error();
    identity_ = std::move(*identity);
    auto admission = rules::read_admission(agent_);
    if (!admission) return std::move(admission).error();
    remove_private_folders();
    ConfigKeeper::Options options{folder_, agent_.config_path, agent_.config_files, config_format(agent_)};
    options.folder_of_files = agent_.config_layout == settings::ConfigLayout::folder;
    options.needs_main = needs_main(agent_);
    options.max_trials = agent_.max_trials;
    options.admission = std::move(*admission);
    options.redactor = rules::redactor_of(agent_);
    options.kept = kept(agent_);
    options.fallback_files = agent_.startup_fallback_configs;
    options.owner = owner_of(agent_);
    options.private_folder = agent_.provisions.folder;
    auto keeper = ConfigKeeper::open(std::move(options));
    if (!keeper) return std::move(keeper).error();
    keeper_ = std::move(*keeper);
    if (auto note = output_.open()) identity_.notes.push_back(*note);

    if (auto opened = probes_.open(); !opened) return opened;
    if (auto opened = server_.open(identity_.uid, identity_.notes); !opened) return opened;
    version_text_ = version_.remembered();
    describe();

    const lifecycle::OfferId trial = offers_.resume(keeper_->status().hash);
    auto begun = keeper_->begin(trial);
    for (const auto& notes : {identity_.notes, keeper_->notes()})
        for (const std::string& note : notes) log_.warning("state.set_aside", {{"detail", note}});
    if (!begun) return std::move(begun).error();
    const opamp::RemoteConfigStatus& status = keeper_->status();
    server_.session().set_remote_config_status(status);
    if (status.status != opamp::ConfigStatus::unset) last_received_hash_ = status.hash;
    report_health(false, "starting");
    if (agent_.from_preset.by_program)
        log_.info("preset.chosen", {{"preset", agent_.preset}, {"executable", agent_.executable.string()}});
    inbox_.push_back(*begun);
    return {};
}

Task<> AgentSupervisor::run() {
    while (state_.phase != lifecycle::Phase::gone) {
        co_await step(co_await next_event());
        begun_.raise();
    }
    staging_.cancel();
    reloads_.cancel();
    co_await staging_.joined();
    co_await reloads_.joined();
    co_await probes_.end();
    remove_private_folders();
}

Task<> AgentSupervisor::step(Event event) {
    const auto before = state_.phase;
    if (!std::holds_alternative<lifecycle::Exited>(event)) last_words_.reset();
    tried_offer_ = std::holds_alternative<lifecycle::RollbackWanted>(event) ? 0 : state_.offer;
    is_flip_ = is_answer(event) && state_.proven;
    lifecycle::Step step = lifecycle::decide(state_, event, policy_);
    telemetry_.traces().stepped(event, state_, step.next);
    state_ = std::move(step.next);
    if (state_.phase != before)
        log_.debug("agent.phase_changed", {{"from", to_string(before)}, {"to", to_string(state_.phase)}});
    for (lifecycle::Action& action : step.actions) {
        Task<> done = std::visit([this](auto& order) { return perform(std::move(order)); }, action);
        co_await std::move(done);
    }
    if (probes_.checkup().take_changed()) tell_health(opamp::Urgency::paced);
    offers_.forget_settled(state_);
    telemetry_.traces().settled(state_, offers_.newest());
}

/// Waits until something is ready and takes nothing, so what loses the race is still there next time.
Task<Event> AgentSupervisor::next_event() {
    for (;;) {
        inbox_filled_.clear();
        if (std::exchange(shutdown_asked_, false))
            co_return lifecycle::ShutdownWanted{};  // or another is started first
        auto exited = co_await exit_event();
        if (exited) co_return std::move(*exited);  // a death outranks a wish
        if (!inbox_.empty()) {
            Event event = std::move(inbox_.front());
            inbox_.pop_front();
            co_return event;
        }
        // Not by the inbox: in the table it would take the place of a config that waits.
        if (begun_.is_raised() && own_telemetry_.is_waiting() && lifecycle::is_free(state_)) {
            const lifecycle::OfferId id = own_telemetry_.begin();
            telemetry_.traces().own_telemetry_offered(id);
            co_return lifecycle::Offered{id};
        }
        if (SteadyClock::now() >= deadline_) {
            deadline_ = SteadyClock::time_point::max();
            co_return lifecycle::DeadlinePassed{};
        }
        if (child_)
            co_await (child_->ended() || inbox_filled_.raised() || sleep_until(deadline_));
        else
            co_await (inbox_filled_.raised() || sleep_until(deadline_));
    }
}

Task<std::optional<Event>> AgentSupervisor::exit_event() {
    // A process may end before the table has heard that it began: Spawned is waiting, and comes first.
    const bool is_known = child_ && state_.phase != lifecycle::Phase::starting;
    const auto status = is_known ? child_->reap() : std::nullopt;
    if (!status) co_return std::nullopt;
    died_ = SteadyClock::now();
    const pid_t pid = child_->pid();
    if (cgroup_) cgroup_->kill();
    co_await end_probes();
    co_await end_descendants(pid);
    if (shared_.guard) shared_.guard->forget(pid);
    child_.reset();
    co_await probes_.end();
    secrets_ = {};
    health_.start_time_unix_nano = 0;
    const std::string reason = describe(*status);
    co_await run_post_stop();
    telemetry_.traces().exited(reason);
    const bool has_reloaded = state_.phase == lifecycle::Phase::running && state_.reloaded && !state_.proven;
    if (state_.phase == lifecycle::Phase::reloading || has_reloaded)
        log_.warning("agent.reload_failed", {{"error", "the agent ended: " + reason}});
    last_words_.reset();
    if (state_.phase == lifecycle::Phase::stopping) {
        log_.info("agent.stopped", {{"pid", pid}, {"status", reason}});
    } else {
        const std::string words = co_await last_words();
        base::log::Fields fields{{"pid", pid}, {"status", reason}};
        if (!words.empty()) fields.emplace_back("last_words", words);
        log_.warning("agent.exited", fields);
    }
    co_return lifecycle::Exited{reason, *status == process::ExitStatus{}};
}

Task<> AgentSupervisor::end_probes() {
    reloads_.cancel();
    co_await reloads_.joined();
    co_await probes_.pause();
    std::erase_if(inbox_, is_of_process);
}

void AgentSupervisor::heed_probes() {
    switch (probes_.checkup().verdict()) {
    case health::Checkup::Verdict::well: post(lifecycle::ProbeUp{}); break;
    case health::Checkup::Verdict::unwell: post(lifecycle::ProbeDown{probes_.checkup().reason()}); break;
    case health::Checkup::Verdict::undecided:
        if (probes_.checkup().take_changed()) tell_health(opamp::Urgency::paced);
        break;
    }
}

void AgentSupervisor::post(Event event) {
    inbox_.push_back(std::move(event));
    inbox_filled_.raise();
}

void AgentSupervisor::shut_down() {
    shutdown_asked_ = true;
    shutdown_wanted_.raise();
    inbox_filled_.raise();
}

void AgentSupervisor::kill_now() {
    has_no_patience_ = true;
    kill_wanted_.raise();
    if (child_) child_->signal(SIGKILL);
}

}  // namespace supervisor
