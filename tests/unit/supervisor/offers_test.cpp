#include "supervisor/offers.hpp"

#include <catch2/catch.hpp>

using supervisor::Offers;

namespace {

opamp::RemoteConfig offer(const std::string& hash) {
    return {{{"", {"a: " + hash, ""}}}, hash};
}

}  // namespace

TEST_CASE("an offer is taken once, and its hash is known until its fate is", "[supervisor][offers]") {
    Offers offers;
    lifecycle::State state;
    const auto first = offers.add(offer("1"), state);
    state.staging = first;
    const auto second = offers.add(offer("2"), state);
    state.waiting = second;
    CHECK(offers.take(first).hash == "1");
    state.staging = 0;
    state.offer = first;
    offers.forget_settled(state);
    CHECK(offers.hash_of(first) == "1");
    CHECK(offers.take(second).files.at("").body == "a: 2");
}

TEST_CASE("of a flood of offers only those that are spoken of are kept", "[supervisor][offers][hostile]") {
    Offers offers;
    lifecycle::State state;
    state.offer = offers.add(offer("tried"), state);
    state.staging = offers.add(offer("staged"), state);
    for (int i = 0; i < 1000; ++i) {
        state.waiting = offers.add(offer(std::to_string(i)), state);
        offers.forget_settled(state);
        CHECK(offers.size() <= 4);
    }
    CHECK(offers.hash_of(state.offer) == "tried");
    CHECK(offers.take(state.staging).hash == "staged");
    CHECK(offers.take(state.waiting).hash == "999");
}
