#include "config/compose.hpp"

#include <catch2/catch.hpp>

#include "base/bytes.hpp"

using config::Effective;
using config::Format;
using opamp::ConfigMap;
using namespace std::string_literals;

namespace {

const std::vector<config::LocalFile> kNoLocal;

base::Result<Effective> compose(const std::vector<config::LocalFile>& local, const std::optional<ConfigMap>& remote,
                                Format format) {
    return config::compose(local, remote ? &*remote : nullptr, format);
}

std::string error_of(const base::Result<Effective>& result) {
    return result ? "" : result.error().text();
}

}  // namespace

TEST_CASE("before the first offer the agent runs with what is there", "[config][compose]") {
    const auto effective = compose(kNoLocal, std::nullopt, Format::automatic);
    REQUIRE(effective);
    CHECK(effective->runs);
    CHECK_FALSE(effective->main);
}

TEST_CASE("an empty map without local files stops the agent", "[config][compose]") {
    const auto effective = compose(kNoLocal, ConfigMap{}, Format::automatic);
    REQUIRE(effective);
    CHECK_FALSE(effective->runs);
    CHECK(compose({{"base.yaml", "a: 1\n"}}, ConfigMap{}, Format::automatic)->main == "a: 1\n");
}

TEST_CASE("one entry without local files reaches the agent byte for byte",
          "[config][compose][CFG-10][CFG-12][CFG-13]") {
    const std::string body =
        GENERATE("instrument:   true   # kept\r\n"s, "a: 1\n---\nb: 2\n"s, "{\"json\": [1]}"s, ""s);
    CHECK(compose(kNoLocal, ConfigMap{{"", {body, ""}}}, Format::automatic)->main == body);
    CHECK(compose(kNoLocal, ConfigMap{{"x.yaml", {body, "text/yaml"}}}, Format::automatic)->main == body);
    const std::string binary = "\0\r\n\xFF [ not yaml"s;
    CHECK(compose(kNoLocal, ConfigMap{{"", {binary, "application/octet-stream"}}}, Format::automatic)->main == binary);
    CHECK(compose(kNoLocal, ConfigMap{{"nginx.conf", {binary, ""}}}, Format::automatic)->main == binary);
    CHECK(compose(kNoLocal, ConfigMap{{"", {binary, ""}}}, Format::raw)->main == binary);
}

TEST_CASE("YAML entries merge by name, the empty name last, after the local files", "[config][compose][CFG-3][CFG-9]") {
    const ConfigMap remote{
        {"", {"a: last\n", ""}}, {"b.yaml", {"a: b\nc: b\n", ""}}, {"a.yaml", {"a: a\nc: a\nd: a\n", ""}}};
    CHECK(compose(kNoLocal, remote, Format::automatic)->main == "a: last\nc: b\nd: a\n");
    CHECK(compose({{"l.yaml", "z: local\nd: local\n"}}, remote, Format::automatic)->main ==
          "z: local\nd: a\na: last\nc: b\n");
    CHECK(compose({{"l.yaml", "z: 1\n"}}, ConfigMap{{"", {"", ""}}}, Format::automatic)->main == "z: 1\n");
}

TEST_CASE("entries that are not YAML become files beside", "[config][compose]") {
    const ConfigMap remote{{"", {"a: 1\n", ""}}, {"rules.txt", {"one\n", "text/plain"}}};
    const auto effective = compose(kNoLocal, remote, Format::automatic);
    REQUIRE(effective);
    CHECK(effective->main == "a: 1\n");
    CHECK(effective->beside == std::map<std::string, std::string>{{"rules.txt", "one\n"}});
    CHECK(config::as_config_map(*effective).size() == 2);
}

TEST_CASE("an offer that cannot be used is refused in one sentence", "[config][compose][SEC-1][CFG-16]") {
    struct Row {
        ConfigMap remote;
        const char* message;
    };
    const auto row = GENERATE(values<Row>({
        {{{"", {"instrument: [true\n", ""}}},
         "the entry without a name: line 2, column 1: end of sequence flow not found"},
        {{{"", {"a: 1\n", ""}}, {"b.yaml", {"- 1\n", ""}}},
         "entry b.yaml: not a map, so it cannot be merged with the others"},
        {{{"", {"a: 1\n", ""}}, {"../x.txt", {"", "text/plain"}}},
         "entry ../x.txt cannot be a file name (no '/', no leading dot, no control character, at most 200 bytes)"},
        {{{"", {"a: 1\n", ""}}, {"a\nb", {"", "text/plain"}}},
         "entry \"a\\nb\" cannot be a file name (no '/', no leading dot, no control character, at most 200 bytes)"},
        {{{"a.txt", {"", ""}}, {"b.txt", {"", ""}}},
         "none of the 2 entries can be the agent's config file (give one of them the empty name)"},
    }));
    CHECK(error_of(compose(kNoLocal, row.remote, Format::automatic)) == row.message);
}

TEST_CASE("the hash is the file's own SHA-256 when that is all there is", "[config][compose]") {
    CHECK(config::hash({true, "abc", {}}) == base::sha256("abc"));
    CHECK(base::to_hex(config::hash({true, "abc", {}})).starts_with("ba7816bf8f01cfea"));
    CHECK(config::hash({true, "abc", {{"x", "1"}}}) != config::hash({true, "abc", {{"x", "2"}}}));
    CHECK(config::hash({true, "abc", {{"x", "1"}}}) != config::hash({true, "abc", {{"y", "1"}}}));
    CHECK(config::hash({false, {}, {}}) != config::hash({true, {}, {}}));
}

TEST_CASE("a config of too many entries is refused", "[config][compose][SEC-1]") {
    opamp::ConfigMap files;
    for (int i = 0; i < 1000; ++i) files["entry" + std::to_string(i)] = {"key" + std::to_string(i) + ": 1\n", ""};
    CHECK(compose(kNoLocal, files, Format::automatic));
    files["one more"] = {"a: 1\n", ""};
    const auto refused = compose(kNoLocal, files, Format::automatic);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message() == "a config of 1001 entries, and 1000 is the most there may be");
}
