#include "supervisor/agent_supervisor.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "rules/admission.hpp"
#include "settings/command_line.hpp"
#include "settings/signal_name.hpp"
#include "supervisor/config_check.hpp"
#include "supervisor/from_settings.hpp"
#include "supervisor/staging.hpp"

namespace supervisor {

using namespace async;  // the awaitable operators, and names of tasks
using lifecycle::Event;

namespace {

constexpr std::size_t kLongestHash = 256;
constexpr std::size_t kLongestReason = 8192;
constexpr std::string_view kStartLineHead = "--- opampd: agent started, pid ";
constexpr std::uint64_t kOutputTail = 8192;
constexpr std::uintmax_t kMostOutput = 10u << 20;
constexpr std::size_t kOutputLines = 10;
constexpr std::string_view kShutdownText = "Supervisor is shutdown";  // the text that other supervisors report

/// Enough to recognise a hash in a log line.
std::string short_hash(const std::string& hash) {
    return base::to_hex(hash).substr(0, 16);
}

/// What a process says of itself; nothing once it has ended or is about to.
bool is_of_process(const Event& event) {
    return std::holds_alternative<lifecycle::ProbeUp>(event) || std::holds_alternative<lifecycle::ProbeDown>(event) ||
           std::holds_alternative<lifecycle::Reloaded>(event) || std::holds_alternative<lifecycle::ReloadFailed>(event);
}

}  // namespace

AgentSupervisor::AgentSupervisor(const Shared& shared, const settings::Settings& settings, const settings::Agent& agent)
    : agent_(agent),
      folder_(settings.storage.directory / agent.name),
      policy_(lifecycle_policy(agent)),
      shared_(shared),
      log_({{"agent", agent.name}}),
      server_({shared.executor, shared.disk, settings, agent, *this, shared.guard}, folder_, log_),
      inbox_filled_(shared.executor),
      begun_(shared.executor),
      probes_(shared.executor),
      staging_(shared.executor) {}

base::Result<void> AgentSupervisor::open() {
    auto identity = load_identity(folder_, agent_.instance_id);
    if (!identity) return std::move(identity).error();
    identity_ = std::move(*identity);
    auto admission = rules::read_admission(agent_);
    if (!admission) return std::move(admission).error();
    auto keeper = ConfigKeeper::open({folder_, agent_.config_path, agent_.config_files, config_format(agent_),
                                      agent_.max_trials, std::move(*admission), rules::redactor_of(agent_),
                                      kept(agent_), agent_.startup_fallback_configs});
    if (!keeper) return std::move(keeper).error();
    keeper_ = std::move(*keeper);
    if (auto note = base::make_room(output_file(), base::Wanted::file)) identity_.notes.push_back(*note);

    if (auto opened = server_.open(identity_.uid, identity_.notes); !opened) return opened;
    server_.session().set_description(describe_agent(agent_, identity_.uid));

    auto begun = keeper_->begin(++last_offer_);
    for (const auto& notes : {identity_.notes, keeper_->notes()})
        for (const std::string& note : notes) log_.warning("state.set_aside", {{"detail", note}});
    if (!begun) return std::move(begun).error();
    const opamp::RemoteConfigStatus& status = keeper_->status();
    server_.session().set_remote_config_status(status);
    if (status.status != opamp::ConfigStatus::unset) last_received_hash_ = status.hash;
    if (begun->offer != 0) offer_hashes_[begun->offer] = status.hash;
    report_health(false, "starting");
    inbox_.push_back(*begun);
    return {};
}

Task<> AgentSupervisor::run() {
    while (state_.phase != lifecycle::Phase::gone) {
        co_await step(co_await next_event());
        begun_.raise();
    }
    staging_.cancel();
    probes_.cancel();
    co_await staging_.joined();
    co_await probes_.joined();
}

Task<> AgentSupervisor::step(Event event) {
    const auto before = state_.phase;
    tried_offer_ = std::holds_alternative<lifecycle::RollbackWanted>(event) ? 0 : state_.offer;
    lifecycle::Step step = lifecycle::decide(state_, event, policy_);
    state_ = std::move(step.next);
    forget_offers_before(state_.waiting);
    if (state_.phase != before)
        log_.debug("agent.phase_changed", {{"from", to_string(before)}, {"to", to_string(state_.phase)}});
    for (lifecycle::Action& action : step.actions) {
        Task<> done = std::visit([this](auto& order) { return perform(std::move(order)); }, action);
        co_await std::move(done);
    }
    forget_settled_offers();
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
    using namespace std::chrono_literals;
    // A process may end before the table has heard that it began: Spawned is waiting, and comes first.
    const bool is_known = child_ && state_.phase != lifecycle::Phase::starting;
    const auto status = is_known ? child_->reap() : std::nullopt;
    if (!status) co_return std::nullopt;
    died_ = SteadyClock::now();
    const pid_t pid = child_->pid();
    co_await end_probes();
    // What the agent left behind has been killed; it must not hold a port that the next start needs.
    co_await process::group_gone(pid, 2s);
    if (shared_.guard) shared_.guard->forget(pid);
    child_.reset();
    health_.start_time_unix_nano = 0;
    const std::string reason = describe(*status);
    if (state_.phase == lifecycle::Phase::stopping)
        log_.info("agent.stopped", {{"pid", pid}, {"status", reason}});
    else
        log_.warning("agent.exited", {{"pid", pid}, {"status", reason}});
    co_return lifecycle::Exited{reason};
}

void AgentSupervisor::post(Event event) {
    inbox_.push_back(std::move(event));
    inbox_filled_.raise();
}

void AgentSupervisor::shut_down() {
    shutdown_asked_ = true;
    inbox_filled_.raise();
}

void AgentSupervisor::kill_now() {
    has_no_patience_ = true;
    if (child_) child_->signal(SIGKILL);
}

// ---- What the server asks for.

void AgentSupervisor::take(opamp::Orders orders) {
    if (orders.new_instance_uid) take_identity(*orders.new_instance_uid);
    if (orders.restart) {
        log_.info("restart.received");
        post(lifecycle::RestartWanted{});
    }
    if (!orders.remote_config) return;
    opamp::RemoteConfig& offer = *orders.remote_config;
    if (!offer.hash.empty() && offer.hash == last_received_hash_) {
        log_.debug("config.repeated", {{"hash", short_hash(offer.hash)}});
        return;
    }
    log_.info("config.received", {{"hash", short_hash(offer.hash)}, {"entries", offer.files.size()}});
    last_received_hash_ = offer.hash;
    if (offer.hash.size() > kLongestHash) {
        // Not stored: what is remembered of configs has to stay small.
        const std::string reason = "the hash of the config has " + std::to_string(offer.hash.size()) +
                                   " bytes, and may have " + std::to_string(kLongestHash);
        log_.warning("config.failed", {{"hash", short_hash(offer.hash)}, {"error", reason}});
        server_.session().set_remote_config_status({offer.hash, opamp::ConfigStatus::failed, reason});
        server_.wake();
        return;
    }
    queue_offer(std::move(offer));
}

void AgentSupervisor::queue_offer(opamp::RemoteConfig offer) {
    const lifecycle::OfferId id = ++last_offer_;
    forget_offers_before(id);
    offer_hashes_[id] = offer.hash;
    offers_[id] = std::move(offer);
    post(lifecycle::Offered{id});
}

/// Only the newest of the offers that wait is ever tried, so a server that floods us with them fills no memory.
void AgentSupervisor::forget_offers_before(lifecycle::OfferId newest) {
    std::erase_if(inbox_, [newest](const Event& event) {
        const auto* offered = std::get_if<lifecycle::Offered>(&event);
        return offered && offered->offer < newest;
    });
    std::erase_if(offers_, [this, newest](const auto& offer) {
        return offer.first < newest && offer.first != state_.staging && offer.first != state_.waiting;
    });
}

/// Of what is never spoken of again.
void AgentSupervisor::forget_settled_offers() {
    const auto waits = [this](lifecycle::OfferId id) {
        return std::any_of(inbox_.begin(), inbox_.end(), [id](const Event& event) {
            const auto* offered = std::get_if<lifecycle::Offered>(&event);
            return offered && offered->offer == id;
        });
    };
    std::erase_if(offer_hashes_, [&](const auto& entry) {
        const lifecycle::OfferId id = entry.first;
        return id != state_.offer && id != state_.staging && id != state_.waiting && !waits(id);
    });
}

void AgentSupervisor::take_identity(const base::Uuid& uid) {
    if (uid == identity_.uid) return;
    if (auto stored = store_identity(folder_, uid); !stored) {
        log_.error("identity.store_failed", {{"error", stored.error().text()}});
        return;
    }
    log_.info("identity.changed", {{"from", identity_.uid.text()}, {"to", uid.text()}});
    identity_.uid = uid;
    server_.take_identity(uid);
    server_.session().set_description(describe_agent(agent_, uid));
}

// ---- What the table orders.

Task<> AgentSupervisor::perform(lifecycle::Stage stage) {
    auto offer = offers_.extract(stage.offer);
    // Beside the agent's life: a check takes its time, and a crash is healed meanwhile.
    staging_.spawn("stage", this->stage(stage.offer, std::move(offer.mapped())));
    co_return;
}

Task<> AgentSupervisor::stage(lifecycle::OfferId id, opamp::RemoteConfig offer) {
    const Staging with{shared_.executor, shared_.disk, *keeper_, agent_, identity_.uid, shared_.guard};
    auto stored = co_await stage_offer(with, std::move(offer));
    const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
    if (is_ended) co_return;
    if (!stored) {
        post(lifecycle::Rejected{id, stored.error().text()});
        co_return;
    }
    log_.info(stored->same_as ? "effective_config.kept" : "effective_config.changed",
              {{"revision", stored->revision.id}, {"hash", short_hash(stored->revision.hash)}});
    const config::Revision* same_as = stored->same_as ? &*stored->same_as : nullptr;
    post(lifecycle::Staged{id, as_lifecycle(&stored->revision), as_lifecycle(same_as)});
}

Task<base::Result<config::Revision>> AgentSupervisor::install_revision(std::uint64_t id) {
    auto given = co_await shared_.disk.run([this, id] { return keeper_->install(id); });
    if (!given) co_return std::move(given).error();
    server_.session().set_effective_config(std::move(given->report));
    co_return given->revision;
}

Task<> AgentSupervisor::perform(lifecycle::Start start) {
    log_.info("agent.starting", {{"revision", start.revision.id}});
    output_begin_.reset();
    const auto installed = co_await install_revision(start.revision.id);
    const auto spawned = installed ? spawn(*installed) : base::Result<void>(installed.error());
    if (spawned) {
        inbox_.push_front(lifecycle::Spawned{start.revision});
        co_return;
    }
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

base::Result<base::UniqueFd> AgentSupervisor::open_output() const {
    const auto file = output_file();
    std::error_code code;
    // Between two processes, of which none writes: one file of the past is kept.
    if (std::filesystem::file_size(file, code) > kMostOutput && !code)
        std::filesystem::rename(file, file.string() + ".1", code);
    base::UniqueFd output(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOCTTY, 0600));
    if (!output) return base::errno_error(errno).within("opening '" + file.string() + "'");
    return output;
}

base::Result<void> AgentSupervisor::spawn(const config::Revision& revision) {
    auto output = open_output();
    if (!output) return std::move(output).error();
    struct stat before {};
    if (::fstat(output->get(), &before) == 0) output_begin_ = static_cast<std::uint64_t>(before.st_size);
    const std::string hash = base::to_hex(revision.hash);
    process::SpawnSpec spec;
    spec.executable = agent_.executable;
    spec.args = settings::filled_in(agent_.args, agent_, identity_.uid.text());
    spec.environment = agent_environment(agent_, identity_.uid, hash);
    spec.working_directory = agent_.working_directory;
    spec.output = output->get();
    spec.start_line_head = kStartLineHead;
    spec.start_line_tail = ", config hash " + hash + " ---\n";
    auto child = process::Child::spawn(shared_.executor, spec);
    if (!child) return std::move(child).error();
    child_ = std::make_unique<process::Child>(std::move(*child));
    if (shared_.guard && !shared_.guard->watch(child_->pid()))
        log_.warning("guard.lost", {{"detail", "after a kill of opampd, children of the agent may live on"}});
    health_.start_time_unix_nano = base::unix_nano_now();
    base::log::Fields fields{{"pid", child_->pid()}, {"config_hash", hash.substr(0, 16)}};
    if (died_) fields.emplace_back("since_end", base::Duration(SteadyClock::now() - *died_));
    died_.reset();
    log_.info("agent.started", fields);
    begin_probes();
    return {};
}

/// `reason`, with what the agent has printed last since its start.
Task<std::string> AgentSupervisor::with_output(std::string reason) {
    if (!output_begin_) co_return reason;
    auto text =
        co_await shared_.disk.run([this] { return base::read_tail(output_file(), *output_begin_, kOutputTail); });
    if (!text) co_return reason;
    std::string_view said = *text;
    if (said.starts_with(kStartLineHead)) said.remove_prefix(std::min(said.find('\n'), said.size()));
    const std::string lines = last_lines(said, kOutputLines);
    const auto redactor = rules::redactor_of(agent_);
    if (!lines.empty()) reason += "\n" + (redactor ? redactor->redact_output(lines) : lines);
    co_return reason;
}

void AgentSupervisor::begin_probes() {
    if (const auto probe = http_probe(agent_)) probes_.spawn("probe", health::watch(*probe, *this));
}

Task<> AgentSupervisor::end_probes() {
    probes_.cancel();
    co_await probes_.joined();
    std::erase_if(inbox_, is_of_process);
}

Task<> AgentSupervisor::perform(lifecycle::SignalStop) {
    co_await end_probes();
    log_.info("agent.stopping", {{"pid", child_->pid()}, {"signal", settings::signal_name(agent_.stop_signal)}});
    child_->signal(has_no_patience_ ? SIGKILL : agent_.stop_signal);
}

Task<> AgentSupervisor::perform(lifecycle::Kill) {
    log_.warning("agent.killed", {{"pid", child_->pid()},
                                  {"reason", "it did not stop within stop_timeout"},
                                  {"stop_timeout", agent_.stop_timeout}});
    child_->signal(SIGKILL);
    co_return;
}

Task<> AgentSupervisor::perform(lifecycle::ArmDeadline arm) {
    deadline_ = SteadyClock::now() + arm.in;
    co_return;
}

Task<> AgentSupervisor::perform(lifecycle::ClearDeadline) {
    deadline_ = SteadyClock::time_point::max();
    co_return;
}

Task<> AgentSupervisor::perform(lifecycle::Commit commit) {
    auto committed =
        co_await shared_.disk.run([this, &commit] { return keeper_->commit(commit.revision.id, commit.older_good); });
    if (!committed)
        log_.error("config.commit_failed", {{"revision", commit.revision.id}, {"error", committed.error().text()}});
}

Task<> AgentSupervisor::perform(lifecycle::ReportConfig report) {
    opamp::RemoteConfigStatus status;
    status.hash = offer_hashes_[report.offer];
    switch (report.fate) {
    case lifecycle::Fate::applying: status.status = opamp::ConfigStatus::applying; break;
    case lifecycle::Fate::applied: status.status = opamp::ConfigStatus::applied; break;
    case lifecycle::Fate::failed:
        status.status = opamp::ConfigStatus::failed;
        status.error_message = report.reason;
        if (report.offer == tried_offer_) status.error_message = co_await with_output(report.reason);
        break;
    }
    status.error_message = base::shortened(status.error_message, kLongestReason);
    auto saved = co_await shared_.disk.run([this, &status] { return keeper_->save_status(status); });
    if (!saved) log_.error("status.store_failed", {{"error", saved.error().text()}});
    server_.session().set_remote_config_status(status);
    server_.wake();
    const base::log::Field hash("hash", short_hash(status.hash));
    if (report.fate == lifecycle::Fate::applying) log_.info("config.applying", {hash});
    if (report.fate == lifecycle::Fate::applied) log_.info("config.applied", {hash});
    if (report.fate == lifecycle::Fate::failed) log_.warning("config.failed", {hash, {"error", status.error_message}});
}

Task<> AgentSupervisor::perform(lifecycle::ReportHealth report) {
    const bool was_healthy = health_.healthy;
    report_health(report.healthy, report.reason);
    if (report.healthy != was_healthy)
        log_.info(report.healthy ? "agent.healthy" : "agent.unhealthy",
                  report.healthy ? base::log::Fields{} : base::log::Fields{{"reason", report.reason}});
    co_return;
}

Task<> AgentSupervisor::perform(lifecycle::NoteRollback rollback) {
    log_.warning("config.rolled_back",
                 {{"from", rollback.from.id}, {"to", rollback.to.id}, {"reason", rollback.reason}});
    std::string reason = rollback.reason;
    if (!rollback.by_operator) reason = co_await with_output(rollback.reason);
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

std::string AgentSupervisor::status_text() const {
    if (state_.phase == lifecycle::Phase::down && state_.proven) return "stopped: no config";
    return std::string(to_string(state_.phase));
}

void AgentSupervisor::report_health(bool healthy, const std::string& reason) {
    health_.healthy = healthy;
    health_.last_error = reason;
    health_.status = status_text();
    health_.status_time_unix_nano = base::unix_nano_now();
    server_.session().set_health(health_);
    server_.wake();
}

}  // namespace supervisor
