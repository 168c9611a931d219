#include "lifecycle/move.hpp"

#include <algorithm>

namespace lifecycle {
namespace {

constexpr std::size_t kMostOlderGood = 3;

/// Where a failed candidate gives way to, best first.
std::vector<Revision> ways_back(const State& state) {
    std::vector<Revision> ways{state.last_good.id != 0 ? state.last_good : state.base};
    ways.insert(ways.end(), state.older_good.begin(), state.older_good.end());
    ways.insert(ways.end(), state.fallbacks.begin(), state.fallbacks.end());
    std::erase_if(ways, [](const Revision& way) { return way.id == 0; });
    return ways;
}

}  // namespace

void Move::report_health(std::string trouble) {
    state_.trouble = trouble;
    act(ReportHealth{trouble.empty(), std::move(trouble)});
}

void Move::settle_offer(Fate fate, std::string reason) {
    if (state_.offer != 0) act(ReportConfig{state_.offer, fate, std::move(reason)});
}

void Move::give_up_adopting(const std::string& reason) {
    if (std::exchange(state_.adopting, Revision{}).id == 0) return;
    settle_offer(Fate::failed, reason);
    state_.offer = 0;
}

void Move::start_current() {
    state_.proven = false;
    state_.reloaded = false;
    state_.ended = false;
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

void Move::go_down(std::string_view reason) {
    state_.phase = Phase::down;
    state_.proven = false;
    act(ClearDeadline{});
    report_health(std::string(reason));
}

void Move::stay_ended(const std::string& reason) {
    give_up_adopting(reason);
    state_.ended = true;
    go_down(reason + "; it is not restarted");
}

void Move::switch_over(const Revision& before) {
    const bool fits_process = policy_.reloads_environment || before.environment == state_.current.environment;
    switch (state_.phase) {
    case Phase::running:
        if (policy_.reloads && fits_process && state_.proven && state_.current.runs)
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

void Move::try_out(Revision candidate) {
    const Revision before = std::exchange(state_.current, candidate);
    state_.trial = candidate != state_.last_good;
    state_.adopting = {};
    state_.ways_taken = 0;
    state_.failures = 0;
    switch_over(before);
}

void Move::adopt(Revision revision) {
    if (revision == state_.current) return;
    act(Adopt{revision});
    std::erase(state_.older_good, revision);
    if (state_.last_good == state_.current) {
        state_.last_good = revision;
        act(Commit{revision, state_.older_good});
    }
    state_.current = revision;
}

void Move::pass_gate() {
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

void Move::begin_gate() {
    state_.successes = 0;
    const bool has_start_timeout = policy_.start_timeout != base::Duration::zero() && !is_on_probation();
    act(ArmDeadline{!policy_.has_probe  ? policy_.min_uptime
                    : has_start_timeout ? policy_.start_timeout
                                        : policy_.apply_timeout});
}

void Move::stop(After after) {
    state_.phase = Phase::stopping;
    state_.after = after;
    state_.stop_step = 0;
    act(SignalStop{});
    act(ArmDeadline{policy_.stop_timeout});
}

void Move::stop_harder() {
    if (state_.stop_step >= policy_.further_stops.size()) {
        act(Kill{});
        return;
    }
    const base::Duration time = policy_.further_stops[state_.stop_step++];
    act(SignalStop{state_.stop_step});
    act(ArmDeadline{time});
}

void Move::restart_because(const std::string& reason) {
    ++state_.failures;
    report_health(reason);
    act(NoteRestart{reason});
    stop(After::retry);
}

Rollback Move::roll_back(const std::string& reason) {
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

void Move::back_off(int failures_that_count) {
    state_.phase = Phase::backing_off;
    act(ArmDeadline{next_backoff(failures_that_count, policy_)});
}

void Move::finish() {
    state_.phase = Phase::gone;
    act(ClearDeadline{});
    act(Finish{});
}

void Move::take_waiting() {
    if (is_busy() || state_.waiting == 0) return;
    state_.staging = std::exchange(state_.waiting, 0);
    act(Stage{state_.staging});
}

void Move::reload() {
    state_.phase = Phase::reloading;
    state_.proven = false;
    state_.probed.clear();
    act(Reload{state_.current});
    act(ArmDeadline{policy_.reload_timeout});
}

std::pair<Rollback, Revision> Move::next_way() {
    const std::vector<Revision> ways = ways_back(state_);
    while (state_.ways_taken < ways.size()) {
        const Revision& next = ways[state_.ways_taken++];
        if (next != state_.current) return {Rollback::next, next};
    }
    state_.ways_taken = 0;
    if (ways.empty() || ways.front() == state_.current) return {Rollback::none, {}};
    return {Rollback::last, ways.front()};
}

void Move::update_older_good() {
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

}  // namespace lifecycle
