// States in the middle of a life, and rows of what an event leads to from there.
#pragma once

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

#include "lifecycle/decide.hpp"

namespace lifecycle_rows {

using namespace lifecycle;
using namespace std::chrono_literals;

inline const Revision kBase{1, true};
inline const Revision kGood{2, true};
inline const Revision kNew{3, true};
inline const Revision kEmpty{4, false};

inline const Policy kPolicy{};
inline const Policy kProbed{.has_probe = true};

/// A state in the middle of life; the rows below change what they are about.
inline State state(Phase phase, Revision current = kGood, Revision last_good = kGood) {
    State s;
    s.phase = phase;
    s.current = current;
    s.last_good = last_good;
    s.base = kBase;
    return s;
}
inline State proven() {
    State s = state(Phase::running);
    s.proven = true;
    return s;
}
inline State on_trial(Phase phase = Phase::running, Revision last_good = kGood) {
    State s = state(phase, kNew, last_good);
    s.trial = true;
    s.offer = 7;
    s.trouble = "starting";
    return s;
}
inline State with(State s, int failures) {
    s.failures = failures;
    return s;
}
inline State waiting(State s, OfferId offer) {
    s.waiting = offer;
    return s;
}
inline State staging(State s, OfferId offer) {
    s.staging = offer;
    return s;
}
inline State ending(State s) {
    s.after = After::shutdown;
    return s;
}
inline State troubled(State s, std::string trouble) {
    s.trouble = std::move(trouble);
    return s;
}

inline State probed(State s, std::string answer) {
    s.probed = std::move(answer);
    return s;
}

struct Row {
    const char* name;
    State from;
    Event event;
    Phase to;
    std::vector<Action> actions;
};

inline void check(const Row& row, const Policy& policy) {
    DYNAMIC_SECTION(row.name) {
        const Step step = decide(row.from, row.event, policy);
        CHECK(step.next.phase == row.to);
        CHECK(step.actions == row.actions);
    }
}

}  // namespace lifecycle_rows
