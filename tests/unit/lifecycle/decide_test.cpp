#include "lifecycle/decide.hpp"

#include <catch2/catch.hpp>

using namespace lifecycle;
using namespace std::chrono_literals;

namespace {

const Revision kBase{1, true};
const Revision kGood{2, true};
const Revision kNew{3, true};
const Revision kEmpty{4, false};

const Policy kPolicy{};
const Policy kProbed{.has_probe = true};

/// A state in the middle of life; the rows below change what they are about.
State state(Phase phase, Revision current = kGood, Revision last_good = kGood) {
    State s;
    s.phase = phase;
    s.current = current;
    s.last_good = last_good;
    s.base = kBase;
    return s;
}
State proven() {
    State s = state(Phase::running);
    s.proven = true;
    return s;
}
State on_trial(Phase phase = Phase::running, Revision last_good = kGood) {
    State s = state(phase, kNew, last_good);
    s.trial = true;
    s.offer = 7;
    s.trouble = "starting";
    return s;
}
State with(State s, int failures) {
    s.failures = failures;
    return s;
}
State waiting(State s, OfferId offer) {
    s.waiting = offer;
    return s;
}
State staging(State s, OfferId offer) {
    s.staging = offer;
    return s;
}
State ending(State s) {
    s.after = After::shutdown;
    return s;
}
State troubled(State s, std::string trouble) {
    s.trouble = std::move(trouble);
    return s;
}

struct Row {
    const char* name;
    State from;
    Event event;
    Phase to;
    std::vector<Action> actions;
};

void check(const Row& row, const Policy& policy) {
    DYNAMIC_SECTION(row.name) {
        const Step step = decide(row.from, row.event, policy);
        CHECK(step.next.phase == row.to);
        CHECK(step.actions == row.actions);
    }
}

}  // namespace

TEST_CASE("what each event leads to, with liveness as the only proof of health", "[lifecycle]") {
    const auto row = GENERATE(values<Row>({
        {"the daemon starts the agent with what it ran last",
         State{},
         Begun{kGood, kGood, kBase, false, 0},
         Phase::starting,
         {ClearDeadline{}, Start{kGood}}},
        {"a trial cut short by a crash of the daemon is resumed",
         State{},
         Begun{kNew, kGood, kBase, true, 1},
         Phase::starting,
         {ReportConfig{1, Fate::applying, ""}, ClearDeadline{}, Start{kNew}}},
        {"a trial that is not begun again gives way before anything is started",
         State{},
         Begun{kNew, kGood, kBase, true, 1, {}, {}, "tried too often"},
         Phase::starting,
         {ReportConfig{1, Fate::failed, "tried too often"}, NoteRollback{kNew, kGood, "tried too often"},
          ClearDeadline{}, Start{kGood}}},
        {"without a config the agent stays down, and that is healthy",
         State{},
         Begun{kEmpty, kEmpty, kBase, false, 0},
         Phase::down,
         {ClearDeadline{}, Install{kEmpty}, ReportHealth{true, ""}}},
        {"a started agent has to stay alive for a while",
         state(Phase::starting),
         Spawned{kGood},
         Phase::running,
         {ReportHealth{false, "starting"}, ArmDeadline{1s}}},
        {"started again after a crash, the reason is reported until it has stayed alive",
         troubled(with(state(Phase::starting), 1), "exit code 3"),
         Spawned{kGood},
         Phase::running,
         {ReportHealth{false, "exit code 3"}, ArmDeadline{1s}}},
        {"alive for long enough is healthy",
         state(Phase::running),
         DeadlinePassed{},
         Phase::running,
         {ReportHealth{true, ""}, ArmDeadline{60s}}},
        {"the first crash is followed by a start at once",
         proven(),
         Exited{"killed by signal 9"},
         Phase::backing_off,
         {ReportHealth{false, "killed by signal 9"}, ArmDeadline{0s}}},
        {"the third crash in a row waits",
         with(proven(), 2),
         Exited{"exit code 3"},
         Phase::backing_off,
         {ReportHealth{false, "exit code 3"}, ArmDeadline{2s}}},
        {"the pause over, it starts again",
         state(Phase::backing_off),
         DeadlinePassed{},
         Phase::starting,
         {ClearDeadline{}, Start{kGood}}},
        {"a program that cannot be started waits before the next try",
         state(Phase::starting),
         SpawnFailed{kGood, "no such file"},
         Phase::backing_off,
         {ReportHealth{false, "no such file"}, ArmDeadline{1s}}},
        {"an offer is stored first", proven(), Offered{7}, Phase::running, {Stage{7}}},
        {"an offer during a trial waits", on_trial(), Offered{8}, Phase::running, {}},
        {"an offer while another is stored waits", staging(proven(), 7), Offered{8}, Phase::running, {}},
        {"a refused offer leaves the agent alone",
         staging(proven(), 7),
         Rejected{7, "line 2: not YAML"},
         Phase::running,
         {ReportConfig{7, Fate::failed, "line 2: not YAML"}}},
        {"a refused offer makes room for the one that waits",
         waiting(staging(proven(), 7), 8),
         Rejected{7, "no"},
         Phase::running,
         {ReportConfig{7, Fate::failed, "no"}, Stage{8}}},
        {"an offer that changes nothing is applied at once",
         staging(proven(), 7),
         Staged{7, kNew, kGood},
         Phase::running,
         {Adopt{kNew}, Commit{kNew, {}}, ReportConfig{7, Fate::applied, ""}}},
        {"… without another name for what has that already",
         staging(proven(), 7),
         Staged{7, kGood, kGood},
         Phase::running,
         {ReportConfig{7, Fate::applied, ""}}},
        {"… but only once the agent has proved itself",
         staging(state(Phase::running), 7),
         Staged{7, kNew, kGood},
         Phase::running,
         {ReportConfig{7, Fate::applying, ""}, ArmDeadline{1s}}},
        {"an offer that was the same as what has given way meanwhile is tried",
         staging(proven(), 7),
         Staged{7, kNew, kBase},
         Phase::stopping,
         {ReportConfig{7, Fate::applying, ""}, SignalStop{}, ArmDeadline{10s}}},
        {"a stored offer stops the agent",
         staging(proven(), 7),
         Staged{7, kNew},
         Phase::stopping,
         {ReportConfig{7, Fate::applying, ""}, SignalStop{}, ArmDeadline{10s}}},
        {"a stored offer does not wait for a pause to end",
         staging(state(Phase::backing_off), 7),
         Staged{7, kNew},
         Phase::starting,
         {ReportConfig{7, Fate::applying, ""}, ClearDeadline{}, Start{kNew}}},
        {"a SIGTERM that is ignored becomes a SIGKILL",
         on_trial(Phase::stopping),
         DeadlinePassed{},
         Phase::stopping,
         {Kill{}}},
        {"stopped, the agent starts with the new config",
         on_trial(Phase::stopping),
         Exited{"killed by signal 15"},
         Phase::starting,
         {ClearDeadline{}, Start{kNew}}},
        {"a candidate that lives becomes last-good before it is reported",
         on_trial(),
         DeadlinePassed{},
         Phase::running,
         {Commit{kNew, {kGood}}, ReportHealth{true, ""}, ReportConfig{7, Fate::applied, ""}, ArmDeadline{60s}}},
        {"the end of a trial makes room for the offer that waits",
         waiting(on_trial(), 8),
         DeadlinePassed{},
         Phase::running,
         {Commit{kNew, {kGood}}, ReportHealth{true, ""}, ReportConfig{7, Fate::applied, ""}, ArmDeadline{60s},
          Stage{8}}},
        {"a candidate that dies is rolled back at once",
         on_trial(),
         Exited{"exit code 1"},
         Phase::starting,
         {ReportHealth{false, "exit code 1"}, ReportConfig{7, Fate::failed, "exit code 1"},
          NoteRollback{kNew, kGood, "exit code 1"}, ClearDeadline{}, Start{kGood}}},
        {"without a last-good the local config takes over",
         on_trial(Phase::running, {}),
         Exited{"exit code 1"},
         Phase::starting,
         {ReportHealth{false, "exit code 1"}, ReportConfig{7, Fate::failed, "exit code 1"},
          NoteRollback{kNew, kBase, "exit code 1"}, ClearDeadline{}, Start{kBase}}},
        {"a candidate that cannot be started is rolled back",
         on_trial(Phase::starting),
         SpawnFailed{kNew, "disk full"},
         Phase::starting,
         {ReportHealth{false, "disk full"}, ReportConfig{7, Fate::failed, "disk full"},
          NoteRollback{kNew, kGood, "disk full"}, ClearDeadline{}, Start{kGood}}},
        {"a restart is a stop and a start",
         proven(),
         RestartWanted{},
         Phase::stopping,
         {SignalStop{}, ArmDeadline{10s}}},
        {"a restart does not wait for a pause to end",
         with(state(Phase::backing_off), 5),
         RestartWanted{},
         Phase::starting,
         {ClearDeadline{}, Start{kGood}}},
        {"a restart starts nothing where there is no config",
         state(Phase::down, kEmpty),
         RestartWanted{},
         Phase::down,
         {}},
        {"shutdown stops the agent", proven(), ShutdownWanted{}, Phase::stopping, {SignalStop{}, ArmDeadline{10s}}},
        {"shutdown during a stop does not signal again",
         on_trial(Phase::stopping),
         ShutdownWanted{},
         Phase::stopping,
         {}},
        {"shutdown during a start waits for its outcome",
         state(Phase::starting),
         ShutdownWanted{},
         Phase::starting,
         {}},
        {"… and stops what was started",
         ending(state(Phase::starting)),
         Spawned{kGood},
         Phase::stopping,
         {SignalStop{}, ArmDeadline{10s}}},
        {"… or is done when nothing was",
         ending(state(Phase::starting)),
         SpawnFailed{kGood, "x"},
         Phase::gone,
         {ClearDeadline{}, Finish{}}},
        {"shutdown is over when the agent has ended",
         ending(proven().phase == Phase::running ? state(Phase::stopping) : State{}),
         Exited{"exit code 0"},
         Phase::gone,
         {ClearDeadline{}, Finish{}}},
        {"shutdown without a process is over at once",
         state(Phase::backing_off),
         ShutdownWanted{},
         Phase::gone,
         {ClearDeadline{}, Finish{}}},
        {"nothing follows a shutdown", state(Phase::gone), Offered{9}, Phase::gone, {}},
        {"a stable run forgets earlier crashes", with(proven(), 4), DeadlinePassed{}, Phase::running, {}},
    }));
    check(row, kPolicy);
}

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

TEST_CASE("an empty config stops the agent, and that is healthy and applied", "[lifecycle][CFG-16]") {
    Step step = decide(staging(proven(), 7), Staged{7, kEmpty}, kPolicy);
    CHECK(step.next.phase == Phase::stopping);
    step = decide(step.next, Exited{"killed by signal 15"}, kPolicy);
    CHECK(step.next.phase == Phase::down);
    CHECK(step.actions == std::vector<Action>{ClearDeadline{}, Install{kEmpty}, Commit{kEmpty, {kGood}},
                                              ReportHealth{true, ""}, ReportConfig{7, Fate::applied, ""}});
}

TEST_CASE("what each event leads to, with a probe", "[lifecycle][probe]") {
    const auto row = GENERATE(values<Row>({
        {"the gate has its time limit",
         state(Phase::starting),
         Spawned{kGood},
         Phase::running,
         {ReportHealth{false, "starting"}, ArmDeadline{5s}}},
        {"the first healthy answer passes the gate",
         on_trial(),
         ProbeUp{},
         Phase::running,
         {Commit{kNew, {kGood}}, ReportHealth{true, ""}, ReportConfig{7, Fate::applied, ""}, ArmDeadline{60s}}},
        {"an unhealthy answer during the gate is not yet a verdict",
         on_trial(),
         ProbeDown{"HTTP 503"},
         Phase::running,
         {}},
        {"never healthy: rolled back, with the last answer as the reason",
         troubled(on_trial(), "HTTP 503"),
         DeadlinePassed{},
         Phase::stopping,
         {ReportHealth{false, "not healthy within 5s: HTTP 503"},
          ReportConfig{7, Fate::failed, "not healthy within 5s: HTTP 503"},
          NoteRollback{kNew, kGood, "not healthy within 5s: HTTP 503"}, SignalStop{}, ArmDeadline{10s}}},
        {"a proven agent that turns unhealthy is reported",
         proven(),
         ProbeDown{"HTTP 503"},
         Phase::running,
         {ReportHealth{false, "HTTP 503"}}},
        {"still unhealthy is nothing new", troubled(proven(), "HTTP 503"), ProbeDown{"HTTP 503"}, Phase::running, {}},
        {"healthy again is reported",
         troubled(proven(), "HTTP 503"),
         ProbeUp{},
         Phase::running,
         {ReportHealth{true, ""}}},
        {"an answer that comes after the end means nothing",
         state(Phase::backing_off),
         ProbeUp{},
         Phase::backing_off,
         {}},
    }));
    check(row, kProbed);
}

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

TEST_CASE("the pause doubles from the second restart on, up to its maximum", "[lifecycle]") {
    const Policy policy{.initial_backoff = 1s, .max_backoff = 6s};
    const std::vector<base::Duration> expected{0s, 0s, 1s, 2s, 4s, 6s, 6s};
    for (int failures = 0; failures < static_cast<int>(expected.size()); ++failures)
        CHECK(next_backoff(failures, policy) == expected[static_cast<std::size_t>(failures)]);
    CHECK(next_backoff(1'000'000, policy) == 6s);
}

TEST_CASE("an offer of what runs, and never proves itself, has failed", "[lifecycle]") {
    State sick = troubled(staging(state(Phase::running), 7), "HTTP 503");
    Step step = decide(sick, Staged{7, kNew, kGood}, kProbed);
    CHECK(step.actions == std::vector<Action>{ReportConfig{7, Fate::applying, ""}, ArmDeadline{5s}});
    step = decide(step.next, DeadlinePassed{}, kProbed);
    CHECK(step.actions == std::vector<Action>{ReportHealth{false, "not healthy within 5s: HTTP 503"},
                                              ReportConfig{7, Fate::failed, "not healthy within 5s: HTTP 503"}});
    CHECK(step.next.offer == 0);
}
