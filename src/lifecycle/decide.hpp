// What to do next with one agent. Pure: no clock, no process, no file.
//
// The shell takes an event, calls `decide`, carries out the actions in order, and brings what they lead to back as
// events.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "base/units.hpp"

namespace lifecycle {

/// One stored config of the agent, by its sequence number; 0 is none.
struct Revision {
    std::uint64_t id = 0;
    bool runs = true;               ///< False: there is no config to run with, and the agent is to be stopped.
    std::uint64_t environment = 0;  ///< Which variables the process gets with it; a process keeps those of its start.
    friend bool operator==(const Revision&, const Revision&) = default;
};

/// An offer of the server, numbered by the shell; 0 is none. Of those of a config the newest alone waits.
using OfferId = std::uint64_t;

enum class Phase {
    down,      ///< No process, and none wanted: before the start, without a config, or stopped by the operator.
    starting,  ///< `Start` was ordered; its outcome comes next.
    running,
    reloading,    ///< Running, and told to take `current`: whether it has comes next, or the deadline.
    stopping,     ///< Signalled; the exit comes next, or the deadline.
    backing_off,  ///< Died or could not be started; the deadline comes next.
    gone,         ///< Shut down for good.
};

/// What follows once the process that is being started or stopped is there or gone.
enum class After {
    start,
    retry,  ///< With a pause, as after an end by itself.
    shutdown,
};

/// Which ends by itself are followed by another start. A config on trial that the agent ends with has failed in any
/// case.
enum class Restart { always, on_failure, never };

struct State {
    Phase phase = Phase::down;
    Revision current;                  ///< What the process runs with, or will next.
    Revision last_good;                ///< Passed its gate most recently; id 0 before any did.
    Revision base;                     ///< The local config alone: where a rollback ends while there is no last-good.
    std::vector<Revision> older_good;  ///< Where it goes on if last-good fails too, newest first …
    std::vector<Revision> fallbacks;   ///< … and then.
    std::size_t ways_taken = 0;        ///< Of these ways back, since a process was proven last.
    bool trial = false;                ///< `current` is a candidate: if it fails before its gate, it is rolled back.
    bool proven = false;               ///< This process has passed its gate.
    bool held = false;                 ///< Stopped by the operator: nothing is started until he says so.
    bool ended = false;                ///< Ended by itself for good: until a wish or another config.
    bool reloaded = false;             ///< It has `current` by a reload: a start of its own may do what that did not.
    int successes = 0;                 ///< Of its probe in a row, before that …
    std::string probed;                ///< … and what was wrong the last time; empty before the first.
    OfferId offer = 0;                 ///< The offer whose fate hangs on `current`.
    OfferId staging = 0;               ///< Being composed and stored.
    OfferId waiting = 0;               ///< The newest offer that came in the meantime.
    Revision adopting;                 ///< Of `offer`, and the same as `current`: takes its name once that is proven.
    After after = After::start;
    int failures = 0;           ///< Ends in a row without a stable run between them.
    int watchdog_restarts = 0;  ///< The same of restarts because it was not healthy.
    std::size_t stop_step = 0;  ///< How far the stop has come.
    std::string trouble;        ///< Why the agent is not healthy; empty when it is.
    friend bool operator==(const State&, const State&) = default;
};

struct Policy {
    bool has_probe = false;  ///< False: the gate is to stay alive for `min_uptime`.
    int successes = 1;       ///< The gate of a probe: so many in a row.
    base::Duration min_uptime = std::chrono::seconds(1);
    base::Duration apply_timeout = std::chrono::seconds(5);
    bool reloads = false;              ///< A running agent takes another config without a restart …
    bool reloads_environment = false;  ///< … and other variables, because it reads them from a file.
    bool reload_is_proof = false;      ///< Without a probe: an agent that has shown that it took a config has passed.
    base::Duration reload_timeout = std::chrono::seconds(2);  ///< Then it is restarted instead.
    base::Duration start_timeout{};  ///< For a start that is no trial, with a probe; 0: any time.
    base::Duration stop_timeout = std::chrono::seconds(10);
    std::vector<base::Duration> further_stops{};  ///< One each for further signals, before it is killed.
    Restart restart = Restart::always;
    int crash_loop_after = 5;         ///< So many failures in a row are called a crash loop.
    base::Duration watchdog_after{};  ///< A proven agent that is not healthy for so long is restarted; 0: it is not.
    int watchdog_restarts = 3;        ///< So often, before it was stable again.
    base::Duration initial_backoff = std::chrono::seconds(1);
    base::Duration max_backoff = std::chrono::seconds(60);
    base::Duration reset_after = std::chrono::seconds(60);
};

// ---- Events: what happened.

/// Once, first. `trial`: `current` was under trial when the daemon ended; its offer is the one numbered `offer`, and
/// `failure` says why it is not begun again, if it is not.
struct Begun {
    Revision current, last_good, base;
    bool trial = false;
    OfferId offer = 0;
    std::vector<Revision> older_good{};  ///< At most three count.
    std::vector<Revision> fallbacks{};
    std::string failure{};
};
struct Offered {
    OfferId offer;
};
/// The offer is stored as `revision`, which gives the agent the same as `same_as` does, if that is any.
struct Staged {
    OfferId offer;
    Revision revision;
    Revision same_as{};
};
struct Rejected {
    OfferId offer;
    std::string reason;
};
struct RestartWanted {};
/// The operator stops the agent, until `StartWanted`.
struct StopWanted {};
struct StartWanted {};
/// The operator wants what was good before, or is thought to be.
struct RollbackWanted {
    Revision to;
    std::string reason;
};
struct Spawned {
    Revision revision;
};
struct SpawnFailed {
    Revision revision;
    std::string reason;
};
struct Exited {
    std::string reason;       ///< "exit code 3", "killed by signal 9"
    bool is_success = false;  ///< Exit code 0.
};
/// The agent was given the revision and, where that can be known, has taken it.
struct Reloaded {
    Revision revision;
};
struct ReloadFailed {
    Revision revision;
    std::string reason;
};
struct ProbeUp {};
struct ProbeDown {
    std::string reason;
};
struct DeadlinePassed {};  ///< Of the deadline armed last.
struct ShutdownWanted {};

using Event =
    std::variant<Begun, Offered, Staged, Rejected, RestartWanted, StopWanted, StartWanted, RollbackWanted, Spawned,
                 SpawnFailed, Exited, Reloaded, ReloadFailed, ProbeUp, ProbeDown, DeadlinePassed, ShutdownWanted>;

// ---- Actions: what to do, in order.

struct Stage {
    OfferId offer;
    friend bool operator==(const Stage&, const Stage&) = default;
};
/// Makes it the current one on disk, gives the agent its files, starts the process. Answered by Spawned or SpawnFailed.
struct Start {
    Revision revision;
    friend bool operator==(const Start&, const Start&) = default;
};
/// The same without a process: there is nothing to run.
struct Install {
    Revision revision;
    friend bool operator==(const Install&, const Install&) = default;
};
/// Makes it the current one on disk, gives the agent its files and tells the process to take them. Answered by Reloaded
/// or ReloadFailed, unless the process is stopped or ends before.
struct Reload {
    Revision revision;
    friend bool operator==(const Reload&, const Reload&) = default;
};
/// The same files as those of the current one, made from another offer: it is the current one on disk from now on.
struct Adopt {
    Revision revision;
    friend bool operator==(const Adopt&, const Adopt&) = default;
};
struct SignalStop {
    std::size_t step = 0;  ///< Which of the signals.
    friend bool operator==(const SignalStop&, const SignalStop&) = default;
};
struct Kill {
    friend bool operator==(const Kill&, const Kill&) = default;
};
/// There is one deadline at a time; arming replaces it.
struct ArmDeadline {
    base::Duration in;
    friend bool operator==(const ArmDeadline&, const ArmDeadline&) = default;
};
struct ClearDeadline {
    friend bool operator==(const ClearDeadline&, const ClearDeadline&) = default;
};
/// It passed its gate: durable as last-good, with the ways back behind it.
struct Commit {
    Revision revision;
    std::vector<Revision> older_good{};
    friend bool operator==(const Commit&, const Commit&) = default;
};
enum class Fate { applying, applied, failed };
struct ReportConfig {
    OfferId offer;
    Fate fate;
    std::string reason;
    friend bool operator==(const ReportConfig&, const ReportConfig&) = default;
};
struct ReportHealth {
    bool healthy;
    std::string reason;
    friend bool operator==(const ReportHealth&, const ReportHealth&) = default;
};
/// `from` failed before its gate, as a candidate or in the place of one, or the operator does not want it; `to` takes
/// its place.
struct NoteRollback {
    Revision from, to;
    std::string reason;
    bool by_operator = false;
    friend bool operator==(const NoteRollback&, const NoteRollback&) = default;
};
/// It is stopped and started because it is not well.
struct NoteRestart {
    std::string reason;
    friend bool operator==(const NoteRestart&, const NoteRestart&) = default;
};
/// No process is left and none will come.
struct Finish {
    friend bool operator==(const Finish&, const Finish&) = default;
};

using Action = std::variant<Stage, Start, Install, Reload, Adopt, SignalStop, Kill, ArmDeadline, ClearDeadline, Commit,
                            ReportConfig, ReportHealth, NoteRollback, NoteRestart, Finish>;

struct Step {
    State next;
    std::vector<Action> actions;
};

/// The whole behaviour. An event that has no meaning in the present phase changes nothing.
Step decide(State now, const Event& event, const Policy& policy);

/// Whether an offer that comes now is taken up at once, and no other waits or is without its final status: the time for
/// one that may not take the place of another.
bool is_free(const State& state);

/// The pause before the restart after `failures` ends in a row: none after the first, then doubling up to the maximum.
base::Duration next_backoff(int failures, const Policy& policy);

std::string_view to_string(Phase phase);

}  // namespace lifecycle
