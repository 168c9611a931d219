// A config with other variables for the process.
#include "unit/lifecycle/rows.hpp"

using namespace lifecycle_rows;

namespace {

const Revision kOther{3, true, 7};

State with_waiting(State s) {
    s.waiting = 8;
    return s;
}
State adopting(State s) {
    s.adopting = kNew;
    return s;
}

}  // namespace

TEST_CASE("a process is reloaded for another config, and restarted for other variables", "[lifecycle]") {
    const Policy policy{.reloads = true};
    State state = staging(proven(), 7);
    const auto is_reload = [&](const Revision& candidate, const Policy& by) {
        return decide(state, Staged{7, candidate}, by).next.phase == Phase::reloading;
    };
    CHECK(is_reload(kNew, policy));
    CHECK_FALSE(is_reload(kOther, policy));
    CHECK(is_reload(kOther, {.reloads = true, .reloads_environment = true}));
    CHECK_FALSE(is_reload(kOther, {.reloads_environment = true}));
    state.current.environment = state.last_good.environment = kOther.environment;
    CHECK(is_reload(kOther, policy));
    CHECK_FALSE(is_reload(kNew, policy));
}

TEST_CASE("the operator's way back is a restart where it has other variables", "[lifecycle]") {
    State state = proven();
    state.current = kOther;
    CHECK(decide(state, RollbackWanted{kGood, "r"}, {.reloads = true}).next.phase == Phase::stopping);
    CHECK(decide(proven(), RollbackWanted{kBase, "r"}, {.reloads = true}).next.phase == Phase::reloading);
}

TEST_CASE("the same config with other variables is not what runs", "[lifecycle]") {
    const State state = staging(proven(), 7);
    Revision other = kGood;
    other.environment = 9;
    CHECK(decide(state, Staged{7, kNew, kGood}, kPolicy).next.phase == Phase::running);
    CHECK(decide(state, Staged{7, kNew, other}, kPolicy).next.phase == Phase::stopping);
}

TEST_CASE("an offer that takes nobody's place waits for its time", "[lifecycle]") {
    struct Row {
        const char* name;
        State state;
        bool is_free;
    };
    const auto row = GENERATE(values<Row>({
        {"the agent runs", proven(), true},
        {"it has crashed", state(Phase::backing_off), true},
        {"it is down without a config", state(Phase::down, kEmpty, kEmpty), true},
        {"an offer is being stored", staging(proven(), 7), false},
        {"another waits for that", with_waiting(staging(proven(), 7)), false},
        {"an offer is tried", on_trial(), false},
        {"what runs has yet to prove itself as an offer", adopting(state(Phase::running)), false},
        {"it is shut down for good", state(Phase::gone), false},
    }));
    DYNAMIC_SECTION(row.name) {
        CHECK(is_free(row.state) == row.is_free);
        if (row.is_free) CHECK(decide(row.state, Offered{8}, kPolicy).next.staging == 8);
    }
}
