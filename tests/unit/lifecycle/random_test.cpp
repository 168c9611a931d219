// Random lives of an agent, under the sanitizers. Every state that can be reached, and many more lives:
// tests/lifecycle_model.
#include <catch2/catch.hpp>

#include "unit/lifecycle/world.hpp"

using namespace lifecycle;
using namespace lifecycle_model;

TEST_CASE("the invariants hold over many random lives", "[lifecycle][random]") {
    CHECK(live_many(1, 2000, 40) == "");
}

TEST_CASE("the invariants hold over long random lives", "[lifecycle][random]") {
    const Policy policy{
        .has_probe = GENERATE(false, true), .reloads = GENERATE(false, true), .reload_is_proof = GENERATE(false, true)};
    const auto seed = GENERATE(range(0u, 20u));
    CAPTURE(seed);
    CHECK(live_long(policy, seed) == "");
}
