#include "lifecycle/decide.hpp"

#include <algorithm>
#include <utility>

namespace lifecycle {
namespace {

constexpr std::size_t kMostOlderGood = 3;
constexpr int kFailuresBeforePause = 2;  // the first restart is immediate
constexpr std::string_view kHeldText = "stopped by the operator";

/// Where a failed candidate gives way to, best first.
std::vector<Revision> ways_back(const State& state) {
    std::vector<Revision> ways{state.last_good.id != 0 ? state.last_good : state.base};
    ways.insert(ways.end(), state.older_good.begin(), state.older_good.end());
    ways.insert(ways.end(), state.fallbacks.begin(), state.fallbacks.end());
    std::erase_if(ways, [](const Revision& way) { return way.id == 0; });
    return ways;
}

enum class Rollback {
    none,  ///< There is no other revision: the one that failed stays, and its offer is open for a late success.
    next,
    last,  ///< All have failed: the best of them is what is tried from now on, with pauses.
};

/// The step under construction: the next state, and the actions so far.
class Move {
public:
    Move(State from, const Policy& policy) : policy_(policy), state_(std::move(from)) {}

    State* operator->() { return &state_; }
    void act(Action action) { actions_.push_back(std::move(action)); }
    Step done() && { return {std::move(state_), std::move(actions_)}; }

    void report_health(std::string trouble) {
        state_.trouble = trouble;
        act(ReportHealth{trouble.empty(), std::move(trouble)});
    }

    /// Ends the open offer, if there is one.
    void settle_offer(Fate fate, std::string reason = {}) {
        if (state_.offer != 0) act(ReportConfig{state_.offer, fate, std::move(reason)});
    }

    /// What was offered is what failed here, and was so before.
    void give_up_adopting(const std::string& reason) {
        if (std::exchange(state_.adopting, Revision{}).id == 0) return;
        settle_offer(Fate::failed, reason);
        state_.offer = 0;
    }

    /// From any phase without a process: runs `current`, or stays down when there is nothing to run.
    void start_current() {
        state_.proven = false;
        state_.reloaded = false;
        if (state_.held) {
            rest();
            return;
        }
        if (state_.current.runs) {
            state_.phase = Phase::starting;
            state_.after = After::start;
            act(ClearDeadline{});
            act(Start{state_.current});
            return;
        }
        state_.phase = Phase::down;
        state_.failures = 0;
        act(ClearDeadline{});
        act(Install{state_.current});
        pass_gate();
    }

    /// The operator's wish: down, with everything else as it is.
    void rest() {
        state_.phase = Phase::down;
        state_.proven = false;
        act(ClearDeadline{});
        report_health(std::string(kHeldText));
    }

    /// `current` takes the place of what runs, or will run next.
    void switch_over() {
        switch (state_.phase) {
        case Phase::running:
            if (policy_.reloads && state_.proven && state_.current.runs)
                reload();
            else
                stop(After::start);
            break;
        case Phase::reloading: stop(After::start); break;
        case Phase::stopping: break;  // what is started next is `current`
        case Phase::starting: break;  // its outcome will show that it runs the wrong one
        case Phase::down:
        case Phase::backing_off: start_current(); break;
        case Phase::gone: break;
        }
    }

    void try_out(Revision candidate) {
        state_.current = candidate;
        state_.trial = candidate != state_.last_good;
        state_.adopting = {};
        state_.ways_taken = 0;
        state_.failures = 0;
        switch_over();
    }

    /// What runs and is proven goes by the name of `revision` from now on, which is the same.
    void adopt(Revision revision) {
        if (revision == state_.current) return;
        act(Adopt{revision});
        std::erase(state_.older_good, revision);
        if (state_.last_good == state_.current) {
            state_.last_good = revision;
            act(Commit{revision, state_.older_good});
        }
        state_.current = revision;
    }

    /// `current` has proved itself, by health or, without anything to run, by being stopped.
    void pass_gate() {
        state_.proven = true;
        state_.trial = false;
        if (state_.last_good != state_.current) {
            update_older_good();
            state_.last_good = state_.current;
            act(Commit{state_.current, state_.older_good});
        }
        state_.ways_taken = 0;
        if (state_.adopting.id != 0) adopt(std::exchange(state_.adopting, Revision{}));
        report_health("");
        settle_offer(Fate::applied);
        state_.offer = 0;
        if (state_.phase == Phase::running) act(ArmDeadline{policy_.reset_after});
        take_waiting();
    }

    /// The process has its config: now it has to prove itself.
    void begin_gate() {
        state_.successes = 0;
        act(ArmDeadline{policy_.has_probe ? policy_.apply_timeout : policy_.min_uptime});
    }

    void stop(After after) {
        state_.phase = Phase::stopping;
        state_.after = after;
        act(SignalStop{});
        act(ArmDeadline{policy_.stop_timeout});
    }

    /// Before its gate a failure is not the agent's but the config's: the candidate's, or that of what took its place.
    bool is_on_probation() const { return !state_.proven && (state_.trial || state_.ways_taken != 0); }

    /// `current` failed on probation. The next revision takes its place; after the last one it is the first one's turn
    /// again, for good.
    Rollback roll_back(const std::string& reason) {
        const bool was_trial = std::exchange(state_.trial, false);
        const auto [way, next] = next_way();
        if (was_trial || way != Rollback::none) settle_offer(Fate::failed, reason);
        if (way == Rollback::none) return way;
        act(NoteRollback{state_.current, next, reason});
        state_.adopting = {};
        state_.current = next;
        state_.offer = 0;
        state_.failures = 0;
        return way;
    }

    void back_off(int failures_that_count) {
        state_.phase = Phase::backing_off;
        act(ArmDeadline{next_backoff(failures_that_count, policy_)});
    }

    /// An offer waits while another is being stored or tried.
    bool is_busy() const { return state_.staging != 0 || state_.trial; }

    void finish() {
        state_.phase = Phase::gone;
        act(ClearDeadline{});
        act(Finish{});
    }

    void take_waiting() {
        if (is_busy() || state_.waiting == 0) return;
        state_.staging = std::exchange(state_.waiting, 0);
        act(Stage{state_.staging});
    }

private:
    void reload() {
        state_.phase = Phase::reloading;
        state_.proven = false;
        act(Reload{state_.current});
        act(ArmDeadline{policy_.reload_timeout});
    }

    std::pair<Rollback, Revision> next_way() {
        const std::vector<Revision> ways = ways_back(state_);
        while (state_.ways_taken < ways.size()) {
            const Revision& next = ways[state_.ways_taken++];
            if (next != state_.current) return {Rollback::next, next};
        }
        state_.ways_taken = 0;
        if (ways.empty() || ways.front() == state_.current) return {Rollback::none, {}};
        return {Rollback::last, ways.front()};
    }

    /// `current` is about to be last-good. What was that is a way back from now on; what has just failed as one is none
    /// any more.
    void update_older_good() {
        auto& older = state_.older_good;
        if (state_.ways_taken != 0) {
            const auto failed = std::min(state_.ways_taken - 1, older.size());
            older.erase(older.begin(), older.begin() + static_cast<std::ptrdiff_t>(failed));
        } else if (state_.last_good.id != 0 && state_.last_good.runs) {
            older.insert(older.begin(), state_.last_good);
        }
        std::erase(older, state_.current);
        if (older.size() > kMostOlderGood) older.resize(kMostOlderGood);
    }

    const Policy& policy_;
    State state_;
    std::vector<Action> actions_;
};

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
