// Reloads, the operator's wishes, and offers of what runs already.
#include "unit/lifecycle/rows.hpp"

using namespace lifecycle_rows;

TEST_CASE("an offer of what runs, but has not proved itself, is in force once it has", "[lifecycle]") {
    Step step = decide(staging(state(Phase::running), 7), Staged{7, kNew, kGood}, kPolicy);
    CHECK(step.next.current == kGood);
    step = decide(step.next, DeadlinePassed{}, kPolicy);
    CHECK(step.next.current == kNew);
    CHECK(step.actions == std::vector<Action>{Adopt{kNew}, Commit{kNew, {}}, ReportHealth{true, ""},
                                              ReportConfig{7, Fate::applied, ""}, ArmDeadline{60s}});
}

TEST_CASE("an agent that can reload its config is not restarted for a new one", "[lifecycle][reload]") {
    const Policy policy{.has_probe = true, .reloads = true};
    const State reloading = decide(staging(proven(), 7), Staged{7, kNew}, policy).next;
    const std::string ignored = "the agent has not taken it";
    const auto row = GENERATE_COPY(values<Row>({
        {"it is told to take it",
         staging(proven(), 7),
         Staged{7, kNew},
         Phase::reloading,
         {ReportConfig{7, Fate::applying, ""}, Reload{kNew}, ArmDeadline{2s}}},
        {"one that has not proved itself is restarted",
         staging(state(Phase::running), 7),
         Staged{7, kNew},
         Phase::stopping,
         {ReportConfig{7, Fate::applying, ""}, SignalStop{}, ArmDeadline{10s}}},
        {"an empty config is not reloaded",
         staging(proven(), 7),
         Staged{7, kEmpty},
         Phase::stopping,
         {ReportConfig{7, Fate::applying, ""}, SignalStop{}, ArmDeadline{10s}}},
        {"reloaded, it has to prove itself", reloading, Reloaded{kNew}, Phase::running, {ArmDeadline{5s}}},
        {"a probe says nothing of the new config before that", reloading, ProbeUp{}, Phase::reloading, {}},
        {"a reload that failed becomes a restart",
         reloading,
         ReloadFailed{kNew, ignored},
         Phase::stopping,
         {SignalStop{}, ArmDeadline{10s}}},
        {"so does one that takes too long",
         reloading,
         DeadlinePassed{},
         Phase::stopping,
         {SignalStop{}, ArmDeadline{10s}}},
        {"an agent that the signal ends is started with the new config",
         reloading,
         Exited{"killed by signal 1"},
         Phase::starting,
         {ReportHealth{false, "killed by signal 1"}, ClearDeadline{}, Start{kNew}}},
        {"… also where it dies a little later",
         decide(reloading, Reloaded{kNew}, policy).next,
         Exited{"exit code 3"},
         Phase::starting,
         {ReportHealth{false, "exit code 3"}, ClearDeadline{}, Start{kNew}}},
        {"the answer to a reload that has become a restart is late",
         state(Phase::stopping),
         Reloaded{kNew},
         Phase::stopping,
         {}},
        {"shutdown stops it", reloading, ShutdownWanted{}, Phase::stopping, {SignalStop{}, ArmDeadline{10s}}},
    }));
    check(row, policy);
}

TEST_CASE("a reload that was seen to be taken needs no further proof of an agent without a probe",
          "[lifecycle][reload]") {
    const Policy policy{.reloads = true, .reload_is_proof = true};
    const State reloading = decide(staging(proven(), 7), Staged{7, kNew}, policy).next;
    const Step step = decide(reloading, Reloaded{kNew}, policy);
    CHECK(step.next.proven);
    CHECK(step.next.last_good == kNew);
    CHECK(step.actions.back() == Action(ArmDeadline{policy.reset_after}));
    CHECK_FALSE(decide(reloading, Reloaded{kNew}, {.reloads = true}).next.proven);
    CHECK_FALSE(
        decide(reloading, Reloaded{kNew}, {.has_probe = true, .reloads = true, .reload_is_proof = true}).next.proven);
}

TEST_CASE("the operator stops and starts the agent", "[lifecycle][operator]") {
    State held = state(Phase::down);
    held.held = true;
    State stopping = state(Phase::stopping);
    stopping.held = true;
    const auto row = GENERATE_COPY(values<Row>({
        {"stop", proven(), StopWanted{}, Phase::stopping, {SignalStop{}, ArmDeadline{10s}}},
        {"stopped, it stays down",
         stopping,
         Exited{"exit code 0"},
         Phase::down,
         {ClearDeadline{}, ReportHealth{false, "stopped by the operator"}}},
        {"a pause between starts ends there too",
         state(Phase::backing_off),
         StopWanted{},
         Phase::down,
         {ClearDeadline{}, ReportHealth{false, "stopped by the operator"}}},
        {"stop again changes nothing", held, StopWanted{}, Phase::down, {}},
        {"the server's restart does not start it", held, RestartWanted{}, Phase::down, {}},
        {"a new config waits for the start",
         staging(held, 7),
         Staged{7, kNew},
         Phase::down,
         {ReportConfig{7, Fate::applying, ""}, ClearDeadline{}, ReportHealth{false, "stopped by the operator"}}},
        {"start", held, StartWanted{}, Phase::starting, {ClearDeadline{}, Start{kGood}}},
        {"start while it still stops waits for that", stopping, StartWanted{}, Phase::stopping, {}},
        {"start of what runs changes nothing", proven(), StartWanted{}, Phase::running, {}},
    }));
    check(row, kPolicy);
}

TEST_CASE("the operator goes back to an earlier config", "[lifecycle][operator]") {
    const std::string reason = "rolled back by the operator to revision 1";
    const auto row = GENERATE_COPY(values<Row>({
        {"from one that was good",
         proven(),
         RollbackWanted{kBase, reason},
         Phase::stopping,
         {NoteRollback{kGood, kBase, reason, true}, SignalStop{}, ArmDeadline{10s}}},
        {"from one on trial, whose offer has failed then",
         on_trial(),
         RollbackWanted{kGood, reason},
         Phase::stopping,
         {ReportConfig{7, Fate::failed, reason}, NoteRollback{kNew, kGood, reason, true}, SignalStop{},
          ArmDeadline{10s}}},
        {"to what is in force already", proven(), RollbackWanted{kGood, reason}, Phase::running, {}},
    }));
    check(row, kPolicy);
    const Step step = decide(proven(), RollbackWanted{kBase, reason}, kPolicy);
    CHECK(step.next.trial);
    CHECK(step.next.last_good == kGood);
}

TEST_CASE("an offer of what runs, and never proves itself, has failed", "[lifecycle]") {
    State sick = probed(staging(state(Phase::running), 7), "HTTP 503");
    Step step = decide(sick, Staged{7, kNew, kGood}, kProbed);
    CHECK(step.actions == std::vector<Action>{ReportConfig{7, Fate::applying, ""}, ArmDeadline{5s}});
    step = decide(step.next, DeadlinePassed{}, kProbed);
    CHECK(step.actions == std::vector<Action>{ReportHealth{false, "not healthy within 5s: HTTP 503"},
                                              ReportConfig{7, Fate::failed, "not healthy within 5s: HTTP 503"}});
    CHECK(step.next.offer == 0);
}
