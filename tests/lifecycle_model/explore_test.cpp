// Every state that the lifecycle can reach, and long random lives.
#include <catch2/catch.hpp>

#include <deque>
#include <random>
#include <unordered_map>

#include "unit/lifecycle/world.hpp"

using namespace lifecycle;
using namespace lifecycle_model;

namespace {

const Revision kBase{1, true};
const Revision kGood{2, true};
const Revision kOlder{3, true};
const Revision kFallback{4, true};

struct Found {
    World world;
    std::string path;
};

/// Well-behaved surroundings from here on: where does it come to rest?
std::optional<std::string> settle(World world, const Policy& policy, const Bounds& bounds) {
    for (int steps = 0; steps < 100; ++steps) {
        const auto event = kind_event(world, policy);
        if (!event) {
            if (world.finished) return std::nullopt;
            if (!world.state.proven) return "it comes to rest, but not proven";
            if (world.offers != 0 &&
                (!world.fates.contains(world.offers) || world.fates.at(world.offers) == Fate::applying))
                return "the newest offer has no final status";
            return std::nullopt;
        }
        if (auto broken = advance(world, *event, policy, bounds)) return broken;
    }
    return "it never comes to rest";
}

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
    std::unordered_map<std::string, bool> seen;
    std::deque<Found> to_visit{{begin(policy, begun), "Begun"}};
    seen[to_visit.front().world.key()] = true;
    while (!to_visit.empty()) {
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
            Found next{here.world, here.path + " " + name_of(event)};
            if (const auto broken = advance(next.world, event, policy, bounds)) {
                FAIL_CHECK(*broken << ": " << next.path);
                return 0;
            }
            if (seen.emplace(next.world.key(), true).second) to_visit.push_back(std::move(next));
        }
    }
    return seen.size();
}

}  // namespace

TEST_CASE("the invariants hold in every reachable state", "[lifecycle][exhaustive]") {
    const Policy policy =
        GENERATE(Policy{.has_probe = false}, Policy{.has_probe = true}, Policy{.has_probe = true, .successes = 2},
                 Policy{.has_probe = true, .reloads = true}, Policy{.has_probe = false, .reloads = true});
    const Begun begun = GENERATE(Begun{kBase, {}, kBase, false, 0}, Begun{kGood, kGood, kBase, false, 0},
                                 Begun{kGood, kBase, kBase, true, 1}, Begun{{5, false}, {5, false}, kBase, false, 0},
                                 Begun{kGood, kGood, kBase, false, 0, {kBase}, {kFallback}},
                                 Begun{kFallback, kGood, kBase, true, 1, {kOlder}, {kFallback}},
                                 Begun{kFallback, kGood, kBase, true, 1, {kOlder}, {}, "tried too often"});
    const int wishes = GENERATE(0, 1);
    // A gate of two successes has many more states, and nothing else to do with a second offer than one of one; so has
    // an operator, in the middle of one offer.
    const OfferId offers = policy.successes == 1 && wishes == 0 ? 2 : 1;
    const std::size_t states =
        explore(policy, begun, {.offers = offers, .restarts = 1, .wishes = wishes, .failures = 2});
    CAPTURE(policy.has_probe, policy.successes, begun.current.id, states);
    CHECK(states > 500);
}

namespace {

/// `steps` events of all that can happen, then peace: the invariant that was broken on the way, or nothing.
std::string live(std::mt19937& random, const Policy& policy, World world, const Bounds& bounds, int steps) {
    for (int step = 0; step < steps && !world.finished; ++step) {
        auto events = possible(world, policy, bounds);
        if (random() % 64 != 0) events.pop_back();  // ShutdownWanted is the last: rare, or lives are short
        if (auto broken = advance(world, events[random() % events.size()], policy, bounds)) return *broken;
    }
    return settle(world, policy, bounds).value_or("");
}

void live_many(unsigned seed, int lives, int steps) {
    const Bounds bounds{.offers = 1000, .restarts = 1000, .wishes = 1000, .failures = 30};
    std::mt19937 random(seed);
    for (int life = 0; life < lives; ++life) {
        const Policy policy{.has_probe = random() % 2 == 0,
                            .successes = 1 + static_cast<int>(random() % 3),
                            .reloads = random() % 2 == 0};
        const World world = begin(policy, {kGood, kGood, kBase, false, 0, {kOlder}, {kFallback}});
        const std::string broken = live(random, policy, world, bounds, steps);
        CAPTURE(seed, life);
        if (!broken.empty()) FAIL_CHECK(broken);
    }
}

}  // namespace

TEST_CASE("the invariants hold over many random lives", "[lifecycle][random]") {
    live_many(1, 2000, 40);
}

TEST_CASE("the invariants hold over a million random lives",
          "[.][million]") {  // a minute in a release build
    live_many(2, 1'000'000, 40);
}

TEST_CASE("the invariants hold over long random lives", "[lifecycle][random]") {
    const Policy policy{.has_probe = GENERATE(false, true), .reloads = GENERATE(false, true)};
    const auto seed = GENERATE(range(0u, 200u));
    std::mt19937 random(seed);
    const Bounds bounds{.offers = 1000, .restarts = 1000, .wishes = 1000, .failures = 30};
    World world = begin(policy, {kBase, {}, kBase, false, 0});
    std::string broken;
    for (int steps = 0; steps < 300 && broken.empty() && !world.finished; ++steps) {
        auto events = possible(world, policy, bounds);
        if (random() % 64 != 0) events.pop_back();  // ShutdownWanted is the last: rare, or lives are short
        const Event& event = events[random() % events.size()];
        broken = advance(world, event, policy, bounds).value_or("");
        if (broken.empty()) broken = settle(world, policy, bounds).value_or("");
    }
    CAPTURE(seed);
    CHECK(broken == "");
}
