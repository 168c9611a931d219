#include "supervisor/agent_traces.hpp"

#include <algorithm>
#include <vector>

#include "base/bytes.hpp"
#include "base/units.hpp"

namespace supervisor {

using lifecycle::Event;
using lifecycle::OfferId;
using lifecycle::Phase;
using lifecycle::State;
using telemetry::Span;

namespace {

bool is_lasting(const State& state) {
    switch (state.phase) {
    case Phase::down:
    case Phase::gone: return true;
    case Phase::backing_off: return state.failures > 1;  // the first start anew comes at once
    case Phase::running: return state.proven;
    case Phase::starting:
    case Phase::reloading:
    case Phase::stopping: return false;
    }
    return false;
}

bool is_known(const State& state, OfferId id) {
    return id == state.offer || id == state.staging || id == state.waiting;
}

}  // namespace

AgentTraces::Episode* AgentTraces::current() {
    const auto found = current_ ? episodes_.find(*current_) : episodes_.end();
    return found == episodes_.end() ? nullptr : &found->second;
}

/// Beside the agent's own, that of the newest offer.
const AgentTraces::Episode* AgentTraces::in_view() const {
    if (const auto found = current_ ? episodes_.find(*current_) : episodes_.end(); found != episodes_.end())
        return &found->second;
    return episodes_.empty() ? nullptr : &episodes_.rbegin()->second;
}

telemetry::SpanContext AgentTraces::context() const {
    const Episode* episode = in_view();
    return episode ? episode->root.context() : telemetry::SpanContext{};
}

telemetry::Carrier AgentTraces::carrier() const {
    const Episode* episode = in_view();
    if (!episode || !episode->root.context().is_sampled) return {};
    return telemetry::inject(episode->root.context(), episode->baggage);
}

// ---- Offers.

void AgentTraces::offered(OfferId id, const Offer& offer) {
    const auto parent = telemetry::extract(offer.carrier);
    Episode& episode = episodes_[id];
    episode.kind = episode.reason = "config";
    episode.baggage = telemetry::extract_baggage(offer.carrier);
    episode.root = tracer_.start("rollout", parent.value_or(telemetry::SpanContext{}),
                                 {telemetry::SpanKind::consumer, offer.received_unix_nano});
    episode.root.set("opamp.remote_config.hash", base::to_hex(offer.hash));
    episode.root.set("opamp.remote_config.entries", offer.entries);
    Span receive = tracer_.start("offer.receive", episode.root.context(),
                                 {telemetry::SpanKind::internal, offer.received_unix_nano});
    receive.end();
}

void AgentTraces::own_telemetry_offered(OfferId id) {
    Episode& episode = episodes_[id];
    episode.kind = episode.reason = "own_telemetry";
    episode.root = tracer_.start("own_telemetry.rollout", {}, {telemetry::SpanKind::consumer});
}

Span AgentTraces::part_of(OfferId id, std::string_view name) {
    const auto found = episodes_.find(id);
    return found == episodes_.end() ? Span() : tracer_.start(name, found->second.root.context());
}

// ---- Steps.

void AgentTraces::begin(std::string_view name, std::string_view reason) {
    if (current_ == 0) end(0, "superseded");
    Episode& episode = episodes_[0] = {};
    episode.reason = reason;
    episode.root = tracer_.start(name);
    episode.root.set("opampd.reason", reason);
    current_ = 0;
}

void AgentTraces::stepped(const Event& event, const State& before, const State& after) {
    if (after.offer != 0 && after.offer != before.offer && episodes_.contains(after.offer)) {
        if (current_ == 0) end(0, "superseded");
        current_ = after.offer;
        episodes_[after.offer].is_tried = true;
    } else {
        name_cause(event, before, after);
    }
    watch_gate(event, after);
}

/// An event that begins something new with the agent's process.
void AgentTraces::name_cause(const Event& event, const State& before, const State& after) {
    const bool begins_stop = after.phase == Phase::stopping && before.phase != Phase::stopping;
    const bool begins_start = after.phase == Phase::starting && before.phase != Phase::starting;
    if (std::holds_alternative<lifecycle::Begun>(event)) return begin("agent.start_up", "boot");
    if (std::holds_alternative<lifecycle::ShutdownWanted>(event)) return begin("agent.shut_down", "shutdown");
    if (std::holds_alternative<lifecycle::RollbackWanted>(event) && (begins_stop || begins_start))
        return begin("rollback", "rollback");
    if (std::holds_alternative<lifecycle::RestartWanted>(event) && begins_stop)
        return begin("agent.restart", "command");
    if (std::holds_alternative<lifecycle::StopWanted>(event) && begins_stop)
        return begin("agent.stop_held", "operator");
    if (std::holds_alternative<lifecycle::StartWanted>(event) && begins_start)
        return begin("agent.restart", "operator");
    const bool was_running = before.phase == Phase::running || before.phase == Phase::reloading;
    if (const auto* exit = std::get_if<lifecycle::Exited>(&event); exit && was_running && !current()) {
        begin("agent.restart", "crash");
        return exited(exit->reason);
    }
    if (begins_stop && after.after == lifecycle::After::retry) {
        if (!current()) return begin("agent.restart", "unhealthy");
        current()->reason = "unhealthy";
    }
    // Whatever it was started for, it is started anew because it died; a way back is told of by `rolls_back`.
    if (Episode* episode = current(); episode && was_running && after.phase == Phase::backing_off)
        episode->reason = "crash";
    if (before.phase == Phase::backing_off && begins_start && !current()) return begin("agent.restart", "backoff");
}

void AgentTraces::watch_gate(const Event& event, const State& after) {
    const bool is_up = after.phase == Phase::running || after.phase == Phase::reloading;
    if (gate_ && after.proven) {
        gate_.succeed();
        gate_.end();
    } else if (gate_ && !is_up) {
        gate_.fail(after.trouble);
        gate_.end();
    }
    const bool is_taken =
        std::holds_alternative<lifecycle::Spawned>(event) || std::holds_alternative<lifecycle::Reloaded>(event);
    if (is_taken && is_up && !after.proven) gate_ = part("agent.gate");
}

void AgentTraces::settled(const State& state, OfferId newest) {
    std::vector<std::pair<Key, std::string>> over;
    for (auto& [key, episode] : episodes_) {
        const bool is_current = current_ == key;
        const bool is_settled = is_current ? is_lasting(state) : !episode.outcome.empty();
        const bool is_open_offer = key != 0 && episode.outcome.empty();
        if (is_open_offer) {
            // Of an offer that came after it nothing is known yet.
            if (!is_known(state, key) && key < newest) over.emplace_back(key, "superseded");
        } else if (is_settled) {
            if (state.phase == Phase::running) episode.way_back.succeed();
            over.emplace_back(key, episode.outcome);
        }
    }
    for (const auto& [key, outcome] : over) end(key, outcome);
}

void AgentTraces::end(Key key, std::string_view outcome) {
    const auto found = episodes_.find(key);
    if (found == episodes_.end()) return;
    Episode& episode = found->second;
    if (!outcome.empty()) episode.root.set("opampd.outcome", outcome);
    if (key != 0) metrics_.rolled_out(async::SteadyClock::now() - episode.begin, episode.kind, outcome);
    episodes_.erase(found);  // the way back ends before the root
    if (current_ == key) current_.reset();
}

// ---- Parts.

Span AgentTraces::part(std::string_view name) {
    const Episode* episode = current();
    if (!episode) return {};
    const Span& parent = episode->way_back ? episode->way_back : episode->root;
    return tracer_.start(name, parent.context());
}

void AgentTraces::rolls_back(const lifecycle::NoteRollback& rollback) {
    Episode* episode = current();
    if (!episode) return;
    episode->way_back.end();
    episode->reason = "rollback";
    episode->way_back = tracer_.start("config.roll_back", episode->root.context());
    episode->way_back.set("opampd.revision.from", rollback.from.id);
    episode->way_back.set("opampd.revision.to", rollback.to.id);
    episode->way_back.set("opampd.reason", rollback.reason);
}

Span AgentTraces::report(const lifecycle::ReportConfig& report) {
    const auto found = episodes_.find(report.offer);
    if (found == episodes_.end()) return part("config.report");
    Episode& episode = found->second;
    const bool is_failed = report.fate == lifecycle::Fate::failed;
    if (is_failed) episode.root.fail(report.reason);
    if (report.fate == lifecycle::Fate::applied) episode.root.succeed();
    if (report.fate != lifecycle::Fate::applying)
        episode.outcome = !is_failed ? "applied" : episode.is_tried ? "failed" : "rejected";
    Span span = tracer_.start("config.report", episode.root.context());
    span.set("opamp.remote_config.status", report.fate == lifecycle::Fate::applying ? "APPLYING"
                                           : is_failed                              ? "FAILED"
                                                                                    : "APPLIED");
    return span;
}

void AgentTraces::signalled(int pid, std::string_view signal) {
    stop_ = part("agent.stop");
    stop_.set("process.pid", pid);
    stop_.set("opampd.signal", signal);
}

void AgentTraces::exited(std::string_view status) {
    if (stop_) {
        stop_.set("opampd.exit_status", status);
        stop_.end();
    } else if (Episode* episode = current()) {
        episode->root.add_event("agent.exited", {{"opampd.exit_status", std::string(status)}});
    }
}

void AgentTraces::spawned() {
    const Episode* episode = current();
    if (std::exchange(has_started_, true)) metrics_.restarted(episode ? episode->reason : "unknown");
}

}  // namespace supervisor
