#include "config/yaml.hpp"

#include <catch2/catch.hpp>

namespace yaml = config::yaml;

namespace {

std::string merged(const std::string& under, const std::string& over) {
    auto low = yaml::parse(under);
    auto high = yaml::parse(over);
    REQUIRE(low);
    REQUIRE(high);
    yaml::merge(*low, std::move(*high));
    return yaml::emit(*low);
}

}  // namespace

TEST_CASE("maps merge key by key, everything else replaces", "[config][yaml]") {
    struct Row {
        const char *under, *over, *result;
    };
    const auto row = GENERATE(values<Row>({
        {"a: 1\n", "b: 2\n", "a: 1\nb: 2\n"},
        {"a: 1\n", "a: 2\n", "a: 2\n"},
        {"a: {b: 1, c: 2}\n", "a: {c: 3, d: 4}\n", "a:\n  b: 1\n  c: 3\n  d: 4\n"},
        {"a: [1, 2]\n", "a: [3]\n", "a:\n  - 3\n"},
        {"a: [1, 2]\n", "a: []\n", "a: []\n"},
        {"a: {b: 1}\n", "a: text\n", "a: text\n"},
        {"a: 1\n", "a:\n", "a: null\n"},
        {"a: 1\n", "a: {}\n", "a: {}\n"},
    }));
    CAPTURE(row.under, row.over);
    CHECK(merged(row.under, row.over) == row.result);
}

TEST_CASE("a scalar keeps its type through a merge", "[config][yaml]") {
    CHECK(merged("a: \"012\"\nb: 012\n", "c: 'true'\nd: true\n") == "a: \"012\"\nb: 012\nc: \"true\"\nd: true\n");
    CHECK(merged("a: |\n  two\n  lines\n", "b: !secret x\n") == "a: \"two\\nlines\\n\"\nb: !secret \"x\"\n");
    CHECK(merged("a: \"tab\\t nul\\0 quote\\\" slash\\\\\"\n", "b: ''\n") ==
          "a: \"tab\\t nul\\x00 quote\\\" slash\\\\\"\nb: \"\"\n");
}

TEST_CASE("what is emitted reads back as the same value", "[config][yaml]") {
    const std::string text = GENERATE(as<std::string>(), "a:\n  - b: 1\n    c: [x, {y: z}]\n  - - 1\n    - 2\n  -\n",
                                      "\"a: b\": 1\n? 1\n: 2\n", "a: !!str 1\nb: !<tag:x.org,2020:y> [1]\n",
                                      "- 1\n- {a: b}\n", "just text\n", "{}\n", "a: \xC3\xA9\xE2\x82\xAC\n",
                                      "a: &x {b: 1}\nc: *x\n", "plain: it's\n  folded\n\n  here\n");
    CAPTURE(text);
    const auto value = yaml::parse(text);
    REQUIRE(value);
    const std::string emitted = yaml::emit(*value);
    CAPTURE(emitted);
    const auto again = yaml::parse(emitted);
    REQUIRE(again);
    // A folded plain scalar comes back quoted; that it is the same text is what counts.
    CHECK(yaml::emit(*again) == emitted);
}

TEST_CASE("what cannot be merged is refused with its place", "[config][yaml]") {
    struct Row {
        const char *text, *message;
    };
    const auto row = GENERATE(values<Row>({
        {"a: [1,\n", "line 2, column 1: end of sequence flow not found"},
        {"a: 1\nb: {\n", "line 3, column 1: end of map flow not found"},
        {"a: 1\na: 2\n", "line 2, column 1: the key 'a' is there twice"},
        {"a: 1\n---\nb: 2\n", "several documents in one file cannot be merged"},
        {"? [1]\n: 2\n", "line 1, column 3: a map or list as a key cannot be merged"},
    }));
    const auto value = yaml::parse(row.text);
    REQUIRE_FALSE(value);
    CHECK(value.error().message() == row.message);
}

TEST_CASE("each document of a text is a value of its own", "[config][yaml]") {
    const auto values = yaml::parse_documents("a: &x 1\n---\n---\n- b\n");
    REQUIRE(values);
    REQUIRE(values->size() == 3);
    CHECK(yaml::emit(values->at(0)) == "a: 1\n");
    CHECK(values->at(1).kind == yaml::Value::Kind::null);
    CHECK(yaml::emit(values->at(2)) == "- b\n");
    CHECK(yaml::parse_documents("")->empty());
    CHECK_FALSE(yaml::parse_documents("a: &x 1\n---\nb: &y [*y]\n"));  // the first one's anchors are forgotten
}

TEST_CASE("hostile YAML ends in an error", "[config][yaml][hostile]") {
    SECTION("aliases of aliases") {
        std::string bomb = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
        for (int i = 1; i < 12; ++i) {
            const std::string last = "*a" + std::to_string(i - 1);
            bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [";
            for (int k = 0; k < 10; ++k) bomb += last + (k < 9 ? ", " : "]\n");
        }
        const auto value = yaml::parse(bomb);
        REQUIRE_FALSE(value);
        CHECK(value.error().kind() == base::Kind::too_large);
        CHECK(yaml::check(bomb));  // valid YAML all the same, and cheap to check
    }
    SECTION("a bracket too many, which the parser takes for empty documents without an end") {
        const auto bad = GENERATE("]", "a: 1\n]\n", "}", "a: [1]]\n");
        CAPTURE(bad);
        CHECK_FALSE(yaml::check(bad));
        CHECK_FALSE(yaml::parse(bad));
        CHECK_FALSE(yaml::parse_documents(bad));
    }
    SECTION("what is not UTF-8, or has the byte that the parser ends at") {
        CHECK(
            yaml::check("\xEF\xBB\xBF"
                        "a: 1\n"));
        CHECK_FALSE(
            yaml::check("\xFF\xFE"
                        "a"));
        CHECK_FALSE(yaml::check(std::string("\0a\0:", 4)));
        CHECK(yaml::check("a: 1\n\x04]").error().message() == "byte 6: a control character (0x04)");
    }
    SECTION("more in brackets than there is memory for") {
        CHECK(yaml::check("[" + std::string(2000, ',')).error().kind() == base::Kind::invalid);
        CHECK(yaml::check("a:\n  [" + std::string(2'000'000, ',')).error().kind() == base::Kind::too_large);
    }
    SECTION("a mistake in large JSON is where it is") {
        std::string json = "[";
        for (int i = 0; i < 300'000; ++i) json += "123, ";
        CHECK_THAT(yaml::check(json + "}").error().message(), Catch::StartsWith("line 1, column 1500002: "));
    }
    SECTION("deep nesting") {
        CHECK_FALSE(yaml::parse(std::string(100'000, '[')));
    }
    SECTION("an alias inside its own anchor") {
        CHECK_FALSE(yaml::parse("a: &a [*a]\n"));
    }
    SECTION("an unknown alias") {
        CHECK_FALSE(yaml::parse("a: *b\n"));
    }
}
