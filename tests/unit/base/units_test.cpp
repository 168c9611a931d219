#include "base/units.hpp"

#include <catch2/catch.hpp>
#include <limits>

using namespace std::chrono_literals;

TEST_CASE("durations are read as people write them", "[base][units]") {
    struct Row {
        const char* text;
        std::optional<base::Duration> duration;
    };
    const auto row = GENERATE(values<Row>({
        {"500ms", 500ms},
        {"10s", 10s},
        {"1m30s", 90s},
        {"2h", 2h},
        {"2.5s", 2500ms},
        {"100us", 100us},
        {"0", 0s},
        {"0s", 0s},
        {"10", std::nullopt},
        {"", std::nullopt},
        {"-1s", std::nullopt},
        {"s", std::nullopt},
        {"1 s", std::nullopt},
        {"1d", std::nullopt},
        {"99999999999999h", std::nullopt},
        {"1e400s", std::nullopt},
    }));
    CAPTURE(row.text);
    CHECK(base::parse_duration(row.text) == row.duration);
}

TEST_CASE("a duration's text reads back as the same duration", "[base][units]") {
    for (const base::Duration duration :
         {base::Duration(0s), base::Duration(90s), base::Duration(1500ms), base::Duration(1h + 1ns)})
        CHECK(base::parse_duration(base::format_duration(duration)) == duration);
}

TEST_CASE("a duration for people has three digits", "[base][units]") {
    CHECK(base::rounded_duration(0ns) == "0us");
    CHECK(base::rounded_duration(999'400ns) == "999us");
    CHECK(base::rounded_duration(999'700ns) == "1ms");
    CHECK(base::rounded_duration(1'734us) == "1.73ms");
    CHECK(base::rounded_duration(999'700us) == "1s");
    CHECK(base::rounded_duration(5'031ms) == "5.03s");
    CHECK(base::rounded_duration(90'400ms) == "1m30s");
}

TEST_CASE("a time has the digits that are asked for", "[base][units]") {
    constexpr std::int64_t kNoon = 1'700'000'000'000'000'000;
    CHECK(base::format_time(kNoon + 5'006'007, 0) == "2023-11-14T22:13:20Z");
    CHECK(base::format_time(kNoon + 5'006'007, 3) == "2023-11-14T22:13:20.005Z");
    CHECK(base::format_time(kNoon + 5'006'007, 6) == "2023-11-14T22:13:20.005006Z");
    CHECK(base::format_time(kNoon + 5'006'007, 9) == "2023-11-14T22:13:20.005006007Z");
    CHECK(base::format_time(-1, 3) == "1969-12-31T23:59:59.999Z");
    CHECK(base::format_time(std::numeric_limits<std::int64_t>::min(), 0) == "1677-09-21T00:12:43Z");
    CHECK(base::time_text(0).empty());
    CHECK(base::time_text(kNoon) == "2023-11-14T22:13:20Z");
}

TEST_CASE("sizes have binary units", "[base][units]") {
    CHECK(base::parse_size("4096") == 4096u);
    CHECK(base::parse_size("64KiB") == 65536u);
    CHECK(base::parse_size("1GiB") == 1u << 30);
    CHECK_FALSE(base::parse_size("1kb"));
    CHECK_FALSE(base::parse_size("99999999999GiB"));
    CHECK(base::format_size(65536) == "64KiB");
}
