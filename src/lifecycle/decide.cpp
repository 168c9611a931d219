#include "lifecycle/decide.hpp"

#include <algorithm>
#include <utility>

#include "lifecycle/move.hpp"

namespace lifecycle {
namespace {

constexpr int kFailuresBeforePause = 2;  // the first restart is immediate

void on(Move& move, const Begun& begun, const Policy&) {
    move->current = begun.current;
    move->last_good = begun.last_good;
    move->base = begun.base;
    move->older_good = begun.older_good;
    move->fallbacks = begun.fallbacks;
    move->trial = begun.trial;
    move->offer = begun.offer;
    if (!begun.failure.empty())
        (void)move.roll_back(begun.failure);
    else if (begun.trial)
        move.settle_offer(Fate::applying);
    move.start_current();
}

void on(Move& move, const Offered& offered, const Policy&) {
    move->waiting = offered.offer;
    move.take_waiting();
}

void on(Move& move, const Rejected& rejected, const Policy&) {
    if (move->staging != rejected.offer) return;
    move->staging = 0;
    move.act(ReportConfig{rejected.offer, Fate::failed, rejected.reason});
    move.take_waiting();
}

void on(Move& move, const Staged& staged, const Policy&) {
    if (move->staging != staged.offer) return;
    move->staging = 0;
    move->offer = staged.offer;
    // Against what runs now: another revision may have taken its place while the offer was being stored.
    const bool is_same = staged.same_as.id != 0 && staged.same_as == move->current;
    if (is_same) {
        if (move->proven)
            move.adopt(staged.revision);
        else
            move->adopting = staged.revision;
        move.settle_offer(move->proven ? Fate::applied : Fate::applying);
        // It is given the time of a gate, whatever of that has passed.
        if (!move->proven && move->phase == Phase::running) move.begin_gate();
        if (move->ended) move.start_current();
        if (move->proven) move->offer = 0;
        move.take_waiting();
        return;
    }
    move.settle_offer(Fate::applying);
    move.try_out(staged.revision);
}

void start_anew(Move& move) {
    move->failures = 0;
    move.start_current();
}

void on(Move& move, const RestartWanted&, const Policy&) {
    switch (move->phase) {
    case Phase::running:
    case Phase::reloading: move.stop(After::start); break;
    case Phase::backing_off: start_anew(move); break;
    case Phase::down:  // without a config there is nothing to start, and the operator's wish counts for more
        if (move->ended) start_anew(move);
        break;
    case Phase::starting:
    case Phase::stopping:
    case Phase::gone: break;
    }
}

void on(Move& move, const StopWanted&, const Policy&) {
    if (std::exchange(move->held, true)) return;
    switch (move->phase) {
    case Phase::running:
    case Phase::reloading: move.stop(After::start); break;
    case Phase::down:
    case Phase::backing_off: move.rest(); break;
    case Phase::starting:
    case Phase::stopping:
    case Phase::gone: break;
    }
}

void on(Move& move, const StartWanted&, const Policy&) {
    const bool was_held = std::exchange(move->held, false);
    if (move->phase == Phase::down && (was_held || move->ended)) start_anew(move);
}

void on(Move& move, const RollbackWanted& wanted, const Policy&) {
    if (wanted.to == move->current && !move->trial) return;
    if (move->offer != 0) move.settle_offer(Fate::failed, wanted.reason);
    move->offer = 0;
    if (wanted.to != move->current) move.act(NoteRollback{move->current, wanted.to, wanted.reason, true});
    move.try_out(wanted.to);
    move.take_waiting();
}

void on(Move& move, const Spawned& spawned, const Policy&) {
    if (move->phase != Phase::starting) return;
    move->phase = Phase::running;
    move->probed.clear();
    if (move->after == After::shutdown || move->held || spawned.revision != move->current) {
        move.stop(move->after);
        return;
    }
    // After a crash its reason stays the news until the agent has proved itself: a restart may be quicker than a
    // report.
    const bool has_crashed = move->failures > 0 && !move->trouble.empty();
    move.report_health(has_crashed ? move->trouble : "starting");
    move.begin_gate();
}

std::string in_a_row(int failures, const std::string& reason, const Policy& policy) {
    if (failures < policy.crash_loop_after) return reason;
    return "crash loop, " + std::to_string(failures) + " ends in a row: " + reason;
}

/// The process ended by itself, or never came to be. `failures_that_count` sets the pause before the next start.
void on_failure(Move& move, const std::string& reason, int failures_that_count, bool is_restarted,
                const Policy& policy) {
    const bool is_on_probation = move.is_on_probation();
    ++move->failures;
    move->proven = false;
    move.report_health(in_a_row(move->failures, reason, policy));
    if (!is_on_probation) move.give_up_adopting(reason);
    switch (is_on_probation ? move.roll_back(reason) : Rollback::none) {
    case Rollback::none: is_restarted ? move.back_off(failures_that_count) : move.stay_ended(reason); break;
    case Rollback::next: move.start_current(); break;
    case Rollback::last:
        move->failures = kFailuresBeforePause;
        move.back_off(kFailuresBeforePause);
        break;
    }
    move.take_waiting();
}

void on(Move& move, const SpawnFailed& failed, const Policy& policy) {
    if (move->phase != Phase::starting) return;
    if (move->after == After::shutdown)
        move.finish();
    else if (failed.revision != move->current)
        move.start_current();
    // Not tried again at once: nothing has changed since.
    else
        on_failure(move, failed.reason, move->failures + 2, policy.restart != Restart::never, policy);
}

void on(Move& move, const Exited& exited, const Policy& policy) {
    const bool was_reloaded = move->phase == Phase::reloading || (move->reloaded && !move->proven);
    if (was_reloaded && move->phase != Phase::stopping) {
        // By the signal, perhaps: a start of its own shows what the config is worth.
        move.report_health(exited.reason);
        move.start_current();
    } else if (move->phase == Phase::running) {
        const bool is_restarted =
            policy.restart == Restart::always || (policy.restart == Restart::on_failure && !exited.is_success);
        on_failure(move, exited.reason, move->failures + 1, is_restarted, policy);
    } else if (move->phase == Phase::stopping) {
        if (move->after == After::shutdown)
            move.finish();
        else if (move->after == After::retry && !move->held)
            move.back_off(move->failures);
        else
            move.start_current();
    }
}

void on(Move& move, const Reloaded& reloaded, const Policy& policy) {
    if (move->phase != Phase::reloading || reloaded.revision != move->current) return;
    move->phase = Phase::running;
    move->reloaded = true;
    if (policy.reload_is_proof && !policy.has_probe)
        move.pass_gate();
    else
        move.begin_gate();
}

/// A restart proves the config as well.
void on(Move& move, const ReloadFailed& failed, const Policy&) {
    if (move->phase == Phase::reloading && failed.revision == move->current) move.stop(After::start);
}

bool is_watched(Move& move, const Policy& policy) {
    return policy.watchdog_after != base::Duration::zero() && move->watchdog_restarts < policy.watchdog_restarts;
}

void on(Move& move, const ProbeUp&, const Policy& policy) {
    if (move->phase != Phase::running || !policy.has_probe) return;
    if (move->proven) {
        if (move->trouble.empty()) return;
        move.report_health("");
        if (policy.watchdog_after != base::Duration::zero()) move.act(ArmDeadline{policy.reset_after});
    } else if (++move->successes >= policy.successes) {
        move.pass_gate();
    }
}

void on(Move& move, const ProbeDown& down, const Policy& policy) {
    if (move->phase != Phase::running || !policy.has_probe) return;
    if (move->proven) {
        if (move->trouble == down.reason) return;
        const bool was_well = move->trouble.empty();
        move.report_health(down.reason);
        if (was_well && is_watched(move, policy)) move.act(ArmDeadline{policy.watchdog_after});
        return;
    }
    move->successes = 0;
    move->probed = down.reason;  // said when the time is up; until then it is only starting
}

void on_gate_missed(Move& move, const Policy& policy) {
    const bool is_on_probation = move.is_on_probation();
    const bool has_start_timeout = policy.start_timeout != base::Duration::zero() && !is_on_probation;
    const std::string reason = "not healthy within " +
                               base::format_duration(has_start_timeout ? policy.start_timeout : policy.apply_timeout) +
                               (move->probed.empty() ? "" : ": " + move->probed);
    if (!has_start_timeout) move.report_health(reason);
    if (!is_on_probation) move.give_up_adopting(reason);
    if (has_start_timeout)
        move.restart_because(reason);
    else if (is_on_probation && move.roll_back(reason) != Rollback::none)
        move.stop(After::start);
    move.take_waiting();
}

/// Of a process that runs.
void on_time_passed(Move& move, const Policy& policy) {
    if (!move->proven) {
        policy.has_probe ? on_gate_missed(move, policy) : move.pass_gate();
    } else if (move->trouble.empty() || policy.watchdog_after == base::Duration::zero()) {  // a stable run
        move->failures = 0;
        move->watchdog_restarts = 0;
    } else if (is_watched(move, policy)) {
        ++move->watchdog_restarts;
        move->proven = false;
        move.restart_because("not healthy for " + base::format_duration(policy.watchdog_after) + ": " + move->trouble);
    }
}

void on(Move& move, const DeadlinePassed&, const Policy& policy) {
    switch (move->phase) {
    case Phase::running: on_time_passed(move, policy); break;
    case Phase::reloading: move.stop(After::start); break;
    case Phase::stopping: move.stop_harder(); break;
    case Phase::backing_off: move.start_current(); break;
    case Phase::down:
    case Phase::starting:
    case Phase::gone: break;
    }
}

void on(Move& move, const ShutdownWanted&, const Policy&) {
    switch (move->phase) {
    case Phase::running:
    case Phase::reloading: move.stop(After::shutdown); break;
    case Phase::starting:
    case Phase::stopping: move->after = After::shutdown; break;
    case Phase::down:
    case Phase::backing_off: move.finish(); break;
    case Phase::gone: break;
    }
}

}  // namespace

Step decide(State now, const Event& event, const Policy& policy) {
    if (now.phase == Phase::gone) return {std::move(now), {}};
    Move move(std::move(now), policy);
    std::visit([&](const auto& happened) { on(move, happened, policy); }, event);
    return std::move(move).done();
}

bool is_free(const State& state) {
    const bool is_busy = state.staging != 0 || state.trial || state.adopting.id != 0;
    return state.phase != Phase::gone && !is_busy && state.waiting == 0;
}

base::Duration next_backoff(int failures, const Policy& policy) {
    if (failures <= 1) return base::Duration::zero();
    base::Duration pause = policy.initial_backoff;
    for (int i = 2; i < failures && pause < policy.max_backoff; ++i) pause *= 2;
    return std::min(pause, policy.max_backoff);
}

std::string_view to_string(Phase phase) {
    switch (phase) {
    case Phase::down: return "down";
    case Phase::starting: return "starting";
    case Phase::running: return "running";
    case Phase::reloading: return "reloading";
    case Phase::stopping: return "stopping";
    case Phase::backing_off: return "backing_off";
    case Phase::gone: return "gone";
    }
    return "gone";
}

}  // namespace lifecycle
