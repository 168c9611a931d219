// Random lives of an agent. Every state that can be reached: tests/lifecycle_model.
#include <catch2/catch.hpp>

#include <random>

#include "unit/lifecycle/world.hpp"

using namespace lifecycle;
using namespace lifecycle_model;

TEST_CASE("the invariants hold over many random lives", "[lifecycle][random]") {
    CHECK(live_many(1, 2000, 40) == "");
}

TEST_CASE("the invariants hold over long random lives", "[lifecycle][random]") {
    const Policy policy{.has_probe = GENERATE(false, true), .reloads = GENERATE(false, true)};
    const auto seed = GENERATE(range(0u, 200u));
    std::mt19937 random(seed);
    const Bounds bounds{.offers = 1000, .restarts = 1000, .wishes = 1000, .failures = 30};
    World world = begin(policy, {{1, true}, {}, {1, true}, false, 0});
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
