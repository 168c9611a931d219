#include "output/names.hpp"

#include <catch2/catch.hpp>

using namespace output;
using namespace std::chrono_literals;

TEST_CASE("a rotated file is told by its name alone", "[output][names]") {
    struct Row {
        std::string name;
        std::optional<Rotated> rotated;
    };
    const auto row = GENERATE(values<Row>({
        {"agent.log.1", Rotated{1, false}},
        {"agent.log.12.gz", Rotated{12, true}},
        {"agent.log.18446744073709551615", Rotated{18446744073709551615u, false}},
        {"agent.log", std::nullopt},
        {"agent.log.", std::nullopt},
        {"agent.log.gz", std::nullopt},
        {"agent.log.0", std::nullopt},
        {"agent.log.01", std::nullopt},
        {"agent.log.+1", std::nullopt},
        {"agent.log.1.bz2", std::nullopt},
        {"agent.log.1.gz.gz", std::nullopt},
        {"agent.log.1 ", std::nullopt},
        {"agent.log.18446744073709551616", std::nullopt},
        {"agent.logs.1", std::nullopt},
        {"other.log.1", std::nullopt},
    }));
    CAPTURE(row.name);
    CHECK(parse_rotated("agent.log", row.name) == row.rotated);
    if (row.rotated) CHECK(name_of("agent.log", *row.rotated) == row.name);
}

TEST_CASE("what need not be kept goes by number and by age", "[output][names]") {
    const std::vector<Aged> files{{{9, false}, 1min}, {{7, true}, 3h}, {{8, true}, 2h}, {{3, true}, 30h}};
    struct Row {
        const char* name;
        unsigned keep;
        base::Duration keep_for;
        std::vector<Rotated> gone;
    };
    const auto row = GENERATE_REF(values<Row>({
        {"all fit", 4, 0s, {}},
        {"the oldest numbers are too many", 2, 0s, {{7, true}, {3, true}}},
        {"some are too old", 4, 150min, {{7, true}, {3, true}}},
        {"both", 3, 150min, {{7, true}, {3, true}}},
        {"all are too old", 4, 1s, {{9, false}, {7, true}, {8, true}, {3, true}}},
    }));
    CAPTURE(row.name);
    CHECK(surplus(files, row.keep, row.keep_for) == row.gone);
}

TEST_CASE("a file that is there plain and packed counts once, and the plain one is what is too much",
          "[output][names]") {
    CHECK(surplus({{{1, true}, 1s}, {{1, false}, 1s}, {{2, false}, 1s}}, 2, 0s).empty());
    CHECK(packed_twice({{1, true}, {1, false}, {2, false}, {3, true}}) == std::vector<Rotated>{{1, false}});
}
