#include "demo/settings.hpp"

#include <catch2/catch.hpp>

TEST_CASE("the demo service traces when its file says so, and only then", "[demo]") {
    CHECK(demo::parse_settings("instrument: true\n")->instrument);
    CHECK(demo::parse_settings("other: 1\ninstrument: true\n")->instrument);
    CHECK_FALSE(demo::parse_settings("instrument: false\n")->instrument);
    CHECK_FALSE(demo::parse_settings("other: 1\n")->instrument);
    CHECK_FALSE(demo::parse_settings("# nothing yet\n")->instrument);
    CHECK_FALSE(demo::load_settings("/nowhere/effective.yaml")->instrument);
}

TEST_CASE("a config that the demo service cannot use is refused in words", "[demo]") {
    struct Row {
        const char* yaml;
        const char* message;
    };
    const auto row = GENERATE(values<Row>({
        {"instrument: maybe\n", "instrument must be true or false, not 'maybe'"},
        {"instrument: \"true\"\n", "instrument must be true or false, not 'true'"},
        {"instrument: 1\n", "instrument must be true or false, not '1'"},
        {"instrument:\n", "instrument must be true or false, not nothing"},
        {"instrument: [true]\n", "instrument must be true or false, not a structure"},
        {"- instrument\n", "the config must be a map of keys and values"},
        {"instrument", "the config must be a map of keys and values"},
        {"instrument: [", "not valid YAML"},
    }));
    CAPTURE(row.yaml);
    const auto settings = demo::parse_settings(row.yaml);
    REQUIRE_FALSE(settings);
    CHECK_THAT(settings.error().message(), Catch::StartsWith(row.message));
}
