// The ways back, and the gate before them.
#include "unit/lifecycle/rows.hpp"

using namespace lifecycle_rows;

TEST_CASE("when the way back fails too, the next one is taken, and it ends", "[lifecycle][rollback]") {
    const Revision older{10, true}, fallback{11, true};
    State now = on_trial();
    now.older_good = {older};
    now.fallbacks = {fallback};
    std::vector<Revision> ran;
    for (int crashes = 0; crashes < 3; ++crashes) {
        Step step = decide(now, Exited{"exit code 1"}, kPolicy);
        REQUIRE(step.next.phase == Phase::starting);
        ran.push_back(step.next.current);
        now = decide(step.next, Spawned{step.next.current}, kPolicy).next;
    }
    CHECK(ran == std::vector<Revision>{kGood, older, fallback});
    // All have failed: the best of them, and no hurry.
    const Step step = decide(now, Exited{"exit code 1"}, kPolicy);
    CHECK(step.actions == std::vector<Action>{ReportHealth{false, "exit code 1"},
                                              NoteRollback{fallback, kGood, "exit code 1"}, ArmDeadline{1s}});
    now = decide(decide(step.next, DeadlinePassed{}, kPolicy).next, Spawned{kGood}, kPolicy).next;
    CHECK(decide(now, Exited{"exit code 1"}, kPolicy).actions ==
          std::vector<Action>{ReportHealth{false, "exit code 1"}, ArmDeadline{2s}});
}

TEST_CASE("what proved good as a way back is last-good, and what failed as one is none any more",
          "[lifecycle][rollback]") {
    const Revision older{10, true};
    State now = state(Phase::running, older, kGood);
    now.older_good = {older, {12, true}};
    now.ways_taken = 2;
    const Step step = decide(now, DeadlinePassed{}, kPolicy);
    CHECK(step.next.last_good == older);
    CHECK(step.next.older_good == std::vector<Revision>{{12, true}});
    CHECK(step.next.ways_taken == 0);
}

TEST_CASE("each good revision is a way back, and the newest three are kept", "[lifecycle][rollback]") {
    State now = state(Phase::running, {9, true}, {8, true});
    now.older_good = {{7, true}, {6, true}, {5, true}};
    CHECK(decide(now, DeadlinePassed{}, kPolicy).next.older_good ==
          std::vector<Revision>{{8, true}, {7, true}, {6, true}});
}

TEST_CASE("a gate of several successes starts over with each failure", "[lifecycle]") {
    const Policy twice{.has_probe = true, .successes = 2};
    State now = on_trial();
    now = decide(now, ProbeUp{}, twice).next;
    now = decide(now, ProbeDown{"HTTP 503"}, twice).next;
    now = decide(now, ProbeUp{}, twice).next;
    CHECK(now.trial);
    CHECK_FALSE(decide(now, ProbeUp{}, twice).next.trial);
}

TEST_CASE("a candidate without anything to go back to may still succeed late", "[lifecycle]") {
    State only = on_trial(Phase::running, {});
    only.base = {};
    Step step = decide(only, Exited{"exit code 1"}, kPolicy);
    CHECK(step.next.phase == Phase::backing_off);
    CHECK(step.actions == std::vector<Action>{ReportHealth{false, "exit code 1"},
                                              ReportConfig{7, Fate::failed, "exit code 1"}, ArmDeadline{0s}});
    step = decide(decide(decide(step.next, DeadlinePassed{}, kPolicy).next, Spawned{kNew}, kPolicy).next,
                  DeadlinePassed{}, kPolicy);
    CHECK(step.actions == std::vector<Action>{Commit{kNew}, ReportHealth{true, ""}, ReportConfig{7, Fate::applied, ""},
                                              ArmDeadline{60s}});
}
