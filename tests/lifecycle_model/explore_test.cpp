// Every state that the lifecycle can reach.
#include <catch2/catch.hpp>

#include <deque>
#include <unordered_set>

#include "unit/lifecycle/world.hpp"

using namespace lifecycle;
using namespace lifecycle_model;
using namespace std::chrono_literals;

namespace {

const Revision kBase{1, true};
const Revision kGood{2, true};
const Revision kOlder{3, true};
const Revision kFallback{4, true};

constexpr std::size_t kMostStates = 1'000'000;  // several times what there are: one that grows is a finding too

struct Found {
    World world;
    std::string path;
};

std::optional<std::string> shut_down(World world, const Policy& policy, const Bounds& bounds) {
    if (world.finished) return std::nullopt;
    if (auto broken = advance(world, ShutdownWanted{}, policy, bounds)) return broken;
    if (auto broken = settle(world, policy, bounds)) return broken;
    // settle() accepts any rest; a shutdown's must be the end.
    for (int steps = 0; steps < 100 && !world.finished; ++steps) {
        const auto event = kind_event(world, policy);
        if (!event) return "shutdown comes to rest before its end";
        if (auto broken = advance(world, *event, policy, bounds)) return broken;
    }
    return world.finished && !world.child ? std::nullopt : std::optional<std::string>("shutdown never ends");
}

std::size_t explore(const Policy& policy, const Begun& begun, const Bounds& bounds) {
    std::deque<Found> to_visit{{begin(policy, begun), "Begun"}};
    std::unordered_set<std::string> seen{to_visit.front().world.key()};
    while (!to_visit.empty()) {
        if (seen.size() > kMostStates) {
            FAIL_CHECK("the states do not come to an end: " << to_visit.back().path);
            return 0;
        }
        const Found here = std::move(to_visit.front());
        to_visit.pop_front();
        const auto stuck = settle(here.world, policy, bounds);
        const auto undead = shut_down(here.world, policy, bounds);
        if (stuck || undead) {
            INFO(here.path);
            CHECK(stuck.value_or("") == "");
            CHECK(undead.value_or("") == "");
            return 0;
        }
        for (const Event& event : possible(here.world, policy, bounds)) {
            World next = here.world;
            const auto broken = advance(next, event, policy, bounds);
            if (!broken && !seen.insert(next.key()).second) continue;
            Found there{std::move(next), here.path + " " + name_of(event)};
            if (broken) {
                FAIL_CHECK(*broken << ": " << there.path);
                return 0;
            }
            to_visit.push_back(std::move(there));
        }
    }
    return seen.size();
}

}  // namespace

TEST_CASE("the invariants hold in every reachable state", "[lifecycle][exhaustive]") {
    const Policy policy =
        GENERATE(Policy{.has_probe = false}, Policy{.has_probe = true}, Policy{.has_probe = true, .successes = 2},
                 Policy{.has_probe = true, .reloads = true},
                 Policy{.has_probe = false, .reloads = true, .reload_is_proof = true});
    const Begun begun = GENERATE(Begun{kBase, {}, kBase, false, 0}, Begun{kGood, kGood, kBase, false, 0},
                                 Begun{kGood, kBase, kBase, true, 1}, Begun{{5, false}, {5, false}, kBase, false, 0},
                                 Begun{kGood, kGood, kBase, false, 0, {kBase}, {kFallback}},
                                 Begun{kFallback, kGood, kBase, true, 1, {kOlder}, {kFallback}},
                                 Begun{kFallback, kGood, kBase, true, 1, {kOlder}, {}, "tried too often"});
    const int wishes = GENERATE(0, 1);
    // A gate of two successes has many more states, and nothing else to do with a second offer than one of one.
    const OfferId offers = policy.successes == 1 ? 2 : 1;
    const std::size_t states =
        explore(policy, begun, {.offers = offers, .restarts = 1, .wishes = wishes, .failures = 2});
    CAPTURE(policy.has_probe, policy.successes, begun.current.id, states);
    CHECK(states > 500);
}

TEST_CASE("the invariants hold in every state that a policy adds", "[lifecycle][exhaustive]") {
    const Policy policy =
        GENERATE(Policy{.has_probe = true, .start_timeout = 1s, .watchdog_after = 1s, .watchdog_restarts = 1},
                 Policy{.further_stops = {1s}, .restart = Restart::on_failure}, Policy{.restart = Restart::never});
    const Begun begun = GENERATE(Begun{kGood, kGood, kBase, false, 0}, Begun{kGood, kBase, kBase, true, 1});
    const std::size_t states = explore(policy, begun, {.offers = 1, .restarts = 1, .wishes = 1, .failures = 2});
    CAPTURE(policy.has_probe, begun.current.id, states);
    CHECK(states > 500);
}

TEST_CASE("the invariants hold over long random lives", "[lifecycle][random]") {
    const Policy policy{
        .has_probe = GENERATE(false, true), .reloads = GENERATE(false, true), .reload_is_proof = GENERATE(false, true)};
    const auto seed = GENERATE(range(0u, 100u));
    CAPTURE(seed);
    CHECK(live_long(policy, seed) == "");
}

TEST_CASE("the invariants hold over a million random lives", "[.][million]") {
    CHECK(live_many(2, 1'000'000, 40) == "");
}
