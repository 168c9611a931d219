#include "health/checkup.hpp"

#include <catch2/catch.hpp>

using health::Checkup;
using Verdict = Checkup::Verdict;

namespace {

/// Begun at 1.
Checkup checkup_of(std::initializer_list<std::pair<const char*, health::Thresholds>> probes) {
    Checkup checkup;
    for (const auto& [name, thresholds] : probes) checkup.add(name, thresholds);
    checkup.begin(1);
    return checkup;
}

}  // namespace

TEST_CASE("all probes have to be up", "[health][checkup]") {
    Checkup checkup = checkup_of({{"api", {}}, {"disk", {}}});
    CHECK(checkup.verdict() == Verdict::undecided);
    checkup.well(0, 2);
    CHECK(checkup.verdict() == Verdict::undecided);
    checkup.unwell(1, "no such file", 3);
    CHECK(checkup.verdict() == Verdict::unwell);
    CHECK(checkup.reason() == "disk: no such file");
    checkup.well(1, 4);
    CHECK(checkup.verdict() == Verdict::well);
    checkup.unwell(0, "HTTP 503", 5);
    checkup.unwell(1, "too old", 5);
    CHECK(checkup.reason() == "api: HTTP 503; disk: too old");
}

TEST_CASE("the only probe has no name in the reason", "[health][checkup]") {
    Checkup checkup = checkup_of({{"", {}}});
    checkup.unwell(0, "HTTP 503", 2);
    CHECK(checkup.reason() == "HTTP 503");
}

TEST_CASE("so many answers in a row decide", "[health][checkup]") {
    Checkup checkup = checkup_of({{"", {2, 3}}});
    checkup.well(0, 2);
    checkup.unwell(0, "HTTP 503", 2);
    checkup.well(0, 2);
    CHECK(checkup.verdict() == Verdict::undecided);
    checkup.well(0, 2);
    CHECK(checkup.verdict() == Verdict::well);
    for (int i = 0; i < 10; ++i) {  // it never has three in a row
        checkup.unwell(0, "HTTP 503", 3);
        checkup.unwell(0, "HTTP 503", 3);
        checkup.well(0, 3);
        CHECK(checkup.verdict() == Verdict::well);
    }
    for (int i = 0; i < 3; ++i) checkup.unwell(0, "HTTP 503", 4);
    CHECK(checkup.verdict() == Verdict::unwell);
    checkup.well(0, 5);
    CHECK(checkup.verdict() == Verdict::unwell);
    checkup.well(0, 5);
    CHECK(checkup.verdict() == Verdict::well);
}

TEST_CASE("what is shown changes with what is decided, not with each answer", "[health][checkup]") {
    Checkup checkup = checkup_of({{"api", {1, 2}}});
    CHECK_FALSE(checkup.take_changed());
    CHECK(checkup.findings()[0].status == "starting");
    CHECK_FALSE(checkup.findings()[0].error.empty());
    checkup.unwell(0, "connection refused", 2);
    CHECK(checkup.take_changed());
    CHECK(checkup.findings()[0].status == "starting");
    CHECK(checkup.findings()[0].error == "connection refused");
    checkup.well(0, 3);
    CHECK(checkup.take_changed());
    checkup.well(0, 4);
    checkup.unwell(0, "HTTP 503", 5);
    CHECK_FALSE(checkup.take_changed());
    const auto up = checkup.findings()[0];
    CHECK((up.is_up && up.status == "up" && up.error.empty() && up.since_unix_nano == 3));
    checkup.unwell(0, "HTTP 503", 6);
    CHECK(checkup.take_changed());
    checkup.unwell(0, "HTTP 503", 7);
    CHECK_FALSE(checkup.take_changed());
    const auto down = checkup.findings()[0];
    CHECK((!down.is_up && down.status == "down" && down.error == "HTTP 503" && down.since_unix_nano == 6));
    checkup.unwell(0, "HTTP 500", 8);
    CHECK(checkup.take_changed());
}

TEST_CASE("a process that has to prove itself again is shown as it was until it answers", "[health][checkup]") {
    Checkup checkup = checkup_of({{"api", {2, 3}}});
    checkup.well(0, 2);
    checkup.well(0, 2);
    checkup.begin_again();
    CHECK(checkup.verdict() == Verdict::undecided);
    CHECK(checkup.findings()[0].is_up);
    checkup.unwell(0, "HTTP 503", 3);  // before it has proved itself one is enough
    CHECK(checkup.verdict() == Verdict::unwell);
    CHECK(checkup.findings()[0].status == "down");
    checkup.begin(9);
    CHECK(checkup.findings()[0].status == "starting");
    CHECK(checkup.findings()[0].since_unix_nano == 9);
}

TEST_CASE("what an agent says of itself stands in the place of up and down", "[health][checkup]") {
    Checkup checkup = checkup_of({{"agent", {}}});
    checkup.well(0, 2);
    checkup.say(0, "3 pipelines", 3);
    CHECK(checkup.take_changed());
    CHECK(checkup.findings()[0].status == "3 pipelines");
    checkup.say(0, "3 pipelines", 4);
    CHECK_FALSE(checkup.take_changed());
    checkup.say(0, "", 5);
    CHECK(checkup.findings()[0].status == "up");
}
