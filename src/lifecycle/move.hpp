// The step under construction in `decide`: what the handlers of events are written in. Private to this folder.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lifecycle/decide.hpp"

namespace lifecycle {

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

    void report_health(std::string trouble);

    /// Ends the open offer, if there is one.
    void settle_offer(Fate fate, std::string reason = {});

    /// What was offered is what failed here, and was so before.
    void give_up_adopting(const std::string& reason);

    /// From any phase without a process: runs `current`, or stays down when there is nothing to run.
    void start_current();

    /// The operator's wish: down, with everything else as it is.
    void rest() { go_down("stopped by the operator"); }

    /// It has ended, and is not started again by itself.
    void stay_ended(const std::string& reason);

    /// `current` takes the place of `before`, which runs, or would run next.
    void switch_over(const Revision& before);

    void try_out(Revision candidate);

    /// What runs and is proven goes by the name of `revision` from now on, which is the same.
    void adopt(Revision revision);

    /// `current` has proved itself, by health or, without anything to run, by being stopped.
    void pass_gate();

    /// The process has its config: now it has to prove itself.
    void begin_gate();

    void stop(After after);
    /// The next signal of the stop, or the end of patience.
    void stop_harder();
    /// Stops it, and starts it anew as if it had ended by itself.
    void restart_because(const std::string& reason);

    /// Before its gate a failure is not the agent's but the config's: the candidate's, or that of what took its place.
    bool is_on_probation() const { return !state_.proven && (state_.trial || state_.ways_taken != 0); }

    /// `current` failed on probation. The next revision takes its place; after the last one it is the first one's turn
    /// again, for good.
    Rollback roll_back(const std::string& reason);

    void back_off(int failures_that_count);

    /// An offer waits while another is being stored or tried.
    bool is_busy() const { return state_.staging != 0 || state_.trial; }

    void finish();

    void take_waiting();

private:
    void reload();
    void go_down(std::string_view reason);

    std::pair<Rollback, Revision> next_way();

    /// `current` is about to be last-good. What was that is a way back from now on; what has just failed as one is none
    /// any more.
    void update_older_good();

    const Policy& policy_;
    State state_;
    std::vector<Action> actions_;
};

}  // namespace lifecycle
