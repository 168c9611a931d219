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
        if (move->proven) move->offer = 0;
        move.take_waiting();
        return;
    }
    move.settle_offer(Fate::applying);
    move.try_out(staged.revision);
}

void on(Move& move, const RestartWanted&, const Policy&) {
    switch (move->phase) {
    case Phase::running:
    case Phase::reloading: move.stop(After::start); break;
    case Phase::backing_off:
        move->failures = 0;
        move.start_current();
        break;
    case Phase::down:  // without a config there is nothing to start, and the operator's wish counts for more
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
    if (!std::exchange(move->held, false) || move->phase != Phase::down) return;
    move->failures = 0;
    move.start_current();
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

/// The process ended by itself, or never came to be. `failures_that_count` sets the pause before the next start.
void on_failure(Move& move, const std::string& reason, int failures_that_count) {
    const bool is_on_probation = move.is_on_probation();
    ++move->failures;
    move->proven = false;
    move.report_health(reason);
    if (!is_on_probation) move.give_up_adopting(reason);
    switch (is_on_probation ? move.roll_back(reason) : Rollback::none) {
    case Rollback::none: move.back_off(failures_that_count); break;
    case Rollback::next: move.start_current(); break;
    case Rollback::last:
        move->failures = kFailuresBeforePause;
        move.back_off(kFailuresBeforePause);
        break;
    }
    move.take_waiting();
}

void on(Move& move, const SpawnFailed& failed, const Policy&) {
    if (move->phase != Phase::starting) return;
    if (move->after == After::shutdown)
        move.finish();
    else if (failed.revision != move->current)
        move.start_current();
    // Not tried again at once: nothing has changed since.
    else
        on_failure(move, failed.reason, move->failures + 2);
}

void on(Move& move, const Exited& exited, const Policy&) {
    const bool was_reloaded = move->phase == Phase::reloading || (move->reloaded && !move->proven);
    if (was_reloaded && move->phase != Phase::stopping) {
        // By the signal, perhaps: a start of its own shows what the config is worth.
        move.report_health(exited.reason);
        move.start_current();
    } else if (move->phase == Phase::running) {
        on_failure(move, exited.reason, move->failures + 1);
    } else if (move->phase == Phase::stopping) {
        if (move->after == After::start)
            move.start_current();
        else
            move.finish();
    }
}

void on(Move& move, const Reloaded& reloaded, const Policy&) {
    if (move->phase != Phase::reloading || reloaded.revision != move->current) return;
    move->phase = Phase::running;
    move->reloaded = true;
    move.begin_gate();
}

/// A restart proves the config as well.
void on(Move& move, const ReloadFailed& failed, const Policy&) {
    if (move->phase == Phase::reloading && failed.revision == move->current) move.stop(After::start);
}

void on(Move& move, const ProbeUp&, const Policy& policy) {
    if (move->phase != Phase::running || !policy.has_probe) return;
    if (move->proven) {
        if (!move->trouble.empty()) move.report_health("");
    } else if (++move->successes >= policy.successes) {
        move.pass_gate();
    }
}

void on(Move& move, const ProbeDown& down, const Policy& policy) {
    if (move->phase != Phase::running || !policy.has_probe) return;
    if (move->proven) {
        if (move->trouble.empty()) move.report_health(down.reason);
        return;
    }
    move->successes = 0;
    move->trouble = down.reason;  // said when the time is up; until then it is only starting
}

void on(Move& move, const DeadlinePassed&, const Policy& policy) {
    switch (move->phase) {
    case Phase::running:
        if (move->proven) {
            move->failures = 0;  // a stable run
        } else if (!policy.has_probe) {
            move.pass_gate();
        } else {
            const std::string reason =
                "not healthy within " + base::format_duration(policy.apply_timeout) + ": " + move->trouble;
            move.report_health(reason);
            if (move.is_on_probation()) {
                if (move.roll_back(reason) != Rollback::none) move.stop(After::start);
            } else {
                move.give_up_adopting(reason);
            }
            move.take_waiting();
        }
        break;
    case Phase::reloading: move.stop(After::start); break;
    case Phase::stopping: move.act(Kill{}); break;
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
