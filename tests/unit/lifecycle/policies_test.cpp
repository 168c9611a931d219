// Restart policies, the time of a start, the watchdog, and a stop of several steps.
#include <catch2/catch.hpp>

#include "unit/lifecycle/rows.hpp"

using namespace lifecycle_rows;

namespace {

const Policy kWatched{.has_probe = true, .watchdog_after = 60s, .watchdog_restarts = 1};

Step run(State state, const Policy& policy, std::initializer_list<Event> events) {
    Step step{std::move(state), {}};
    for (const Event& event : events) step = decide(step.next, event, policy);
    return step;
}

}  // namespace

TEST_CASE("what may follow an end by itself", "[lifecycle][restart]") {
    const Policy always{}, on_failure{.restart = Restart::on_failure}, never{.restart = Restart::never};
    const auto phase_after = [](const Policy& policy, const Exited& exited) {
        return decide(proven(), exited, policy).next.phase;
    };
    const Exited success{"exit code 0", true}, failure{"exit code 3"};
    CHECK(phase_after(always, success) == Phase::backing_off);
    CHECK(phase_after(on_failure, success) == Phase::down);
    CHECK(phase_after(on_failure, failure) == Phase::backing_off);
    CHECK(phase_after(never, failure) == Phase::down);
    const Step down = decide(proven(), failure, never);
    CHECK(down.actions == std::vector<Action>{ReportHealth{false, "exit code 3"}, ClearDeadline{},
                                              ReportHealth{false, "exit code 3; it is not restarted"}});
    // A config on trial that ends is rolled back whatever the policy says.
    const Step tried = decide(on_trial(), success, never);
    CHECK(tried.next.phase == Phase::starting);
    CHECK(tried.next.current == kGood);
}

TEST_CASE("what has ended for good starts by a wish or another config", "[lifecycle][restart]") {
    const Policy never{.restart = Restart::never};
    const State down = decide(proven(), Exited{"exit code 3"}, never).next;
    CHECK(decide(down, RestartWanted{}, never).next.phase == Phase::starting);
    CHECK(decide(down, StartWanted{}, never).next.phase == Phase::starting);
    CHECK(decide(staging(down, 7), Staged{7, kNew}, never).next.phase == Phase::starting);
    CHECK(decide(staging(down, 7), Staged{7, kGood, kGood}, never).next.phase == Phase::starting);
    // Offered once more while it was being started as a way back: nothing will come that could still prove it.
    State way_back = state(Phase::starting);
    way_back.ways_taken = 1;
    const Step failed = run(staging(way_back, 7), never, {Staged{7, kNew, kGood}, SpawnFailed{kGood, "no such file"}});
    CHECK(failed.next.phase == Phase::down);
    CHECK(failed.actions[1] == Action(ReportConfig{7, Fate::failed, "no such file"}));
    const Step held = run(down, never, {StopWanted{}, StartWanted{}});
    CHECK(held.next.phase == Phase::starting);
    CHECK_FALSE(held.next.ended);
    CHECK(decide(state(Phase::down), RestartWanted{}, never).next.phase == Phase::down);
}

TEST_CASE("many ends in a row are called a crash loop", "[lifecycle][restart]") {
    const Policy policy{.crash_loop_after = 3};
    const auto health_after = [&](int failures) {
        return decide(with(proven(), failures), Exited{"exit code 3"}, policy).actions.front();
    };
    CHECK(health_after(1) == Action(ReportHealth{false, "exit code 3"}));
    CHECK(health_after(2) == Action(ReportHealth{false, "crash loop, 3 ends in a row: exit code 3"}));
}

TEST_CASE("a start that takes too long is an end by itself", "[lifecycle][start]") {
    const Policy policy{.has_probe = true, .start_timeout = 60s};
    const Step spawned = decide(state(Phase::starting), Spawned{kGood}, policy);
    CHECK(spawned.actions.back() == Action(ArmDeadline{60s}));
    const Step late = run(spawned.next, policy, {ProbeDown{"HTTP 503"}, DeadlinePassed{}});
    const std::string reason = "not healthy within 1m: HTTP 503";
    CHECK(late.next.phase == Phase::stopping);
    CHECK(late.actions ==
          std::vector<Action>{ReportHealth{false, reason}, NoteRestart{reason}, SignalStop{}, ArmDeadline{10s}});
    const Step ended = decide(late.next, Exited{"killed by signal 15"}, policy);
    CHECK(ended.next.phase == Phase::backing_off);
    CHECK(ended.next.failures == 1);
    // Each process is late for a reason of its own.
    const Step again = run(ended.next, policy, {DeadlinePassed{}, Spawned{kGood}, DeadlinePassed{}});
    CHECK(again.next.trouble == "not healthy within 1m");
    // One on trial has the time of its gate.
    const Step trial = decide(on_trial(Phase::starting), Spawned{kNew}, policy);
    CHECK(trial.actions.back() == Action(ArmDeadline{5s}));
}

TEST_CASE("the watchdog restarts what is not healthy for long, and not for ever", "[lifecycle][watchdog]") {
    const Step down = decide(proven(), ProbeDown{"HTTP 503"}, kWatched);
    CHECK(down.actions.back() == Action(ArmDeadline{60s}));
    CHECK(run(down.next, kWatched, {ProbeUp{}}).actions.back() == Action(ArmDeadline{kWatched.reset_after}));
    const Step restarted = decide(down.next, DeadlinePassed{}, kWatched);
    CHECK(restarted.next.phase == Phase::stopping);
    CHECK(restarted.actions[1] == Action(NoteRestart{"not healthy for 1m: HTTP 503"}));
    State again = restarted.next;
    again.phase = Phase::running;
    again.proven = true;
    again.trouble.clear();
    const Step enough = run(again, kWatched, {ProbeDown{"HTTP 503"}, DeadlinePassed{}});
    CHECK(enough.next.phase == Phase::running);
    CHECK(enough.actions.empty());
    const Step stable = run(again, kWatched, {DeadlinePassed{}});
    CHECK(stable.next.watchdog_restarts == 0);
    CHECK(decide(proven(), ProbeDown{"HTTP 503"}, kProbed).actions.size() == 1);
}

TEST_CASE("a stop of several steps goes on with the next signal", "[lifecycle][stop]") {
    const Policy policy{.stop_timeout = 5s, .further_stops = {3s}};
    Step step = decide(proven(), ShutdownWanted{}, policy);
    CHECK(step.actions == std::vector<Action>{SignalStop{0}, ArmDeadline{5s}});
    step = decide(step.next, DeadlinePassed{}, policy);
    CHECK(step.actions == std::vector<Action>{SignalStop{1}, ArmDeadline{3s}});
    step = decide(step.next, DeadlinePassed{}, policy);
    CHECK(step.actions == std::vector<Action>{Kill{}});
    CHECK(decide(step.next, Exited{"killed by signal 9"}, policy).next.phase == Phase::gone);
}
