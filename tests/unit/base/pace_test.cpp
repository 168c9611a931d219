#include "base/pace.hpp"

#include <catch2/catch.hpp>

using namespace std::chrono_literals;

TEST_CASE("so much is said at once, and then once an interval", "[base][pace]") {
    base::Pace pace(1s, 3);
    const base::Pace::TimePoint begin{1h};
    for (int i = 0; i < 3; ++i) {
        CHECK(pace.next() <= begin);
        pace.say(begin);
    }
    CHECK(pace.next() == begin + 1s);
    pace.say(begin + 1s);
    CHECK(pace.next() == begin + 2s);
    // After a rest of all of it, all of it may be said again.
    for (int i = 0; i < 3; ++i) {
        CHECK(pace.next() <= begin + 1min);
        pace.say(begin + 1min);
    }
    CHECK(pace.next() == begin + 1min + 1s);
}

TEST_CASE("what is said before its time does not hold back the next for longer than an interval", "[base][pace]") {
    base::Pace pace(1s, 3);
    const base::Pace::TimePoint begin{1h};
    for (int i = 0; i < 100; ++i) pace.say(begin);
    CHECK(pace.next() == begin + 1s);
}
