#include "config/policy.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "config/key_pattern.hpp"
#include "config/yaml.hpp"

using config::Format;
using config::RemotePolicy;
using opamp::ConfigMap;
using namespace std::string_literals;

namespace {

std::string refusal(const RemotePolicy& policy, const ConfigMap& files, Format format = Format::automatic) {
    const auto result = config::check(policy, files, format);
    return result ? "" : result.error().text();
}

RemotePolicy denying(std::vector<std::string> keys) {
    RemotePolicy policy;
    policy.denied_keys = std::move(keys);
    return policy;
}

RemotePolicy allowing(std::vector<std::string> keys) {
    RemotePolicy policy;
    policy.allowed_keys = std::move(keys);
    return policy;
}

std::string refusal(const RemotePolicy& policy, const std::string& body) {
    return refusal(policy, ConfigMap{{"", {body, ""}}});
}

}  // namespace

TEST_CASE("a glob stands for the characters of a name", "[config][policy]") {
    struct Row {
        const char *pattern, *text;
        bool is_match;
    };
    const auto row = GENERATE(values<Row>({
        {"", "", true},
        {"", "a", false},
        {"*", "", true},
        {"a*", "a", true},
        {"a*c*e", "abcde", true},
        {"a*c*e", "abcdf", false},
        {"*ab", "aab", true},
        {"a?c", "abc", true},
        {"a?c",
         "a\xC3\xA9"
         "c",
         true},
        {"a?", "a", false},
        {"a[b]", "ab", false},
    }));
    CAPTURE(row.pattern, row.text);
    CHECK(config::matches_glob(row.pattern, row.text) == row.is_match);
}

TEST_CASE("without rules everything passes", "[config][policy]") {
    CHECK(refusal({}, ConfigMap{{"x", {"[ not yaml", ""}}}).empty());
}

TEST_CASE("a denied key is refused in each of its disguises", "[config][policy][SEC-1]") {
    const std::string body = GENERATE(
        as<std::string>(),  //
        "exporters: {file: {path: x}}", "exporters:\n  file:\n", "exporters: {file: 1}", "exporters: {file: {}}",
        "exporters: {file: []}", "exporters: {\"file\": 1}", "exporters: {'file': 1}", "exporters: {\"f\\x69le\": 1}",
        "exporters: {\"f\\u0069le\": 1}", "{\"exporters\":{\"file\":1}}", "exporters: {file/2: 1}",
        "exporters: {\" file \": 1}", "exporters: {File: 1}", "exporters: {\"file\\u00A0\": 1}",
        "exporters: {\"\\uFEFFfile\": 1}", "exporters: {\"f\\t ile /2\": 1}",
        "exporters: {\"\xEF\xAC\x81le\": 1, file: 1}", "exporters.file: 1", "exporters::file: 1",
        "exporters.file.path: x", "exporters::file::path: x", "exporters::file.path: x", "\"exporters::file\": 1",
        "\"::exporters::::file\": 1", "exporters..file: 1", "exporters: {file.path: 1}",
        "exporters: {\"file::path\": 1}", "a: &a {file: 1}\nexporters: *a", "a: &a {b: 1}\nexporters: {file: *a}",
        "a: &a null\nexporters: {file: *a}", "a: &a file\nexporters: {*a : 1}", "a: &a {file: 1}\nexporters: {<<: *a}",
        "a: &a {file: 1}\nexporters: {\"<<\": *a}", "<<: {exporters: {file: 1}}",
        "a: &a {file: 1}\nexporters: {<<: [{x: 1}, *a]}", "a: &a {<<: {file: 1}}\nexporters: {<<: *a}",
        "- exporters: {file: 1}", "exporters: [{file: 1}]", "exporters: [[{x: 1}, {file: 1}]]",
        "a: 1\n---\nexporters: {file: 1}", "---\n...\n---\nexporters: {file: 1}", "exporters: ${file:/tmp/x}",
        "exporters: \"${env:X}\"", "${yaml:exporters}", "<<: ${env:X}", "exporters: !!map {file: 1}",
        "exporters: {!!str file: 1}", "exporters: {!!binary ZmlsZQ==: 1}", "exporters: {! file: 1}",
        "exporters: {!x file: 1}", "exporters: !include file.yaml", "? [exporters]\n: {file: 1}",
        "? {exporters: file}\n: 1", "exporters: {a: 1}\nexporters: {file: 1}", "exporters: {~: 1}",
        "exporters: {\"${env:X}\": 1}", "%TAG ! tag:yaml.org,2002:\n---\n!binary ZQ==: 1", "# x\rexporters: {file: 1}",
        "# x\xE2\x80\xA8"
        "exporters: {file: 1}",
        "# x\xC2\x85"
        "exporters: {file: 1}",
        "a: 1\n\x04\nexporters: {file: 1}",
        "\xFF\xFE"
        "a\0:\0",
        "a: \xC0\xAF", "exporters: [");
    CAPTURE(body);
    CHECK_FALSE(refusal(denying({"exporters.file*"}), body).empty());
    CHECK_FALSE(refusal(denying({"exporters.file.*", "exporters.file/*"}), body).empty());
    CHECK_FALSE(refusal(allowing({"receivers.*", "a"}), body).empty());
}

TEST_CASE("what no rule denies passes", "[config][policy]") {
    const std::string body =
        GENERATE(as<std::string>(),  //
                 "", "---\n", "null", "{}", "# a comment\r\n", "exporters: {otlp: {file: x}}", "exporters: {}",
                 "exporters:", "exporters: [file]", "receivers: {file: 1}",
                 "exporters: {otlp: {endpoint: \"${env:HOST}:4317\"}}", "a: ${env:HOST}", "exporters: {profile: 1}",
                 "x: {exporters: {file: 1}}", "a: !!str 1", "a: &a {b: 1}\nc: {<<: *a, d: 1}", "a: \xC3\xA9",
                 "a: \"\\u2028\"", "exporters: text with ${env:X}", "app.kubernetes.io/name: x");
    CAPTURE(body);
    CHECK(refusal(denying({"exporters.file*"}), body).empty());
    CHECK(refusal(denying({"exporters.file.*"}), body).empty());
}

TEST_CASE("patterns of keys", "[config][policy]") {
    struct Row {
        const char *pattern, *body;
        bool denied, allowed;
    };
    const auto row = GENERATE(values<Row>({
        {"a", "a: 1", true, true},
        {"a", "a: {b: {c: 1}}", true, true},
        {"a", "b: {a: 1}", false, false},
        {"a", "A: 1", true, false},
        {"a.b", "a: {b: 1}", true, true},
        {"a.b", "a: {c: 1}", false, false},
        {"a.b", "a: {}", false, false},
        {"a.b", "a: {b: 1, c: 1}", true, false},
        {"a.b", "a.b: 1", true, false},  // taken whole it is another key
        {"a.b", "a::b: 1", true, false},
        {"a", "a.b: 1", true, false},
        {"*", "a.b: 1", true, true},
        {"a.*", "a: 1", true, false},
        {"a.*", "a: {b: 1}", true, true},
        {"a.*.c", "a: {b: {c: 1}}", true, true},
        {"a.*.c", "a: {c: 1}", false, false},
        {"**.c", "c: 1", true, true},
        {"**.c", "a: {b: {c: {d: 1}}}", true, true},
        {"**.c", "a: {b: {d: 1}}", false, false},
        {"a.**.c", "a: {c: 1}", true, true},
        {"a.**.c", "a: [{x: {c: 1}}]", true, true},
        {"**", "a: 1", true, true},
        {"a.b", "a: [{b: 1}]", true, false},
        {"a.*.b", "a: [{b: 1}]", true, true},
        {"a.0.b", "a: [{b: 1}]", true, true},
        {"a.1.b", "a: [{b: 1}]", false, false},
        {"a.b", "a: [[{b: 1}]]", true, false},
        {"a", "a: [1, 2]", true, true},
        {"a?", "ab: 1", true, true},
        {"a?", "a: 1", false, false},
        {"a::b", "a: {b: 1}", true, true},
        {"a", "x: &x {a: 1}", false, false},
        {"a", "<<: {a: 1}", true, true},
        {"a", "<<: [{a: 1}]", true, true},
        {"a", "<<: [{a: 1}, {b: 1}]", true, false},
    }));
    CAPTURE(row.pattern, row.body);
    CHECK(refusal(denying({row.pattern}), row.body).empty() == !row.denied);
    CHECK(refusal(allowing({row.pattern}), row.body).empty() == row.allowed);
}

TEST_CASE("denying beats allowing", "[config][policy]") {
    RemotePolicy policy = allowing({"exporters"});
    policy.denied_keys = {"exporters.file"};
    CHECK(refusal(policy, "exporters: {otlp: 1}").empty());
    CHECK_FALSE(refusal(policy, "exporters: {file: 1}").empty());
}

TEST_CASE("a refusal is one sentence with the entry, the path and the rule", "[config][policy]") {
    struct Row {
        RemotePolicy policy;
        ConfigMap files;
        const char* text;
    };
    RemotePolicy small, named, typed;
    small.max_bytes = 3;
    named.allowed_entries = {"*.yaml"};
    named.denied_keys = {"x"};
    typed.allowed_content_types = {"text/yaml", ""};
    const auto row = GENERATE_COPY(values<Row>({
        {denying({"a.*"}),
         {{"g.yaml", {"a: {\"b c\": 1}", ""}}},
         "entry g.yaml: it sets a, which denied_keys has as a.* (leave it out, or take it out of denied_keys)"},
        {denying({"a.b.c"}),
         {{"", {"a: ${env:X}", ""}}},
         "the entry without a name: it sets a to a reference, which can bring what denied_keys has as a.b.c (write out "
         "what it stands for)"},
        {allowing({"a.b"}),
         {{"", {"a: {b: 1, c: 1}", ""}}},
         "the entry without a name: it sets a.c, which is not at or below a key of allowed_keys (leave it out, or add "
         "it to allowed_keys)"},
        {allowing({"a"}),
         {{"", {"a: [", ""}}},
         "the entry without a name: line 1, column 1: end of sequence flow not found"},
        {small,
         {{"a", {"12", ""}}, {"b", {"34", ""}}},
         "the entries have 4 bytes together, and max_bytes is 3 (offer less, or raise max_bytes)"},
        {named,
         {{"a.txt", {"", ""}}},
         "entry a.txt is not one that allowed_entries has (leave it out, or add it to allowed_entries)"},
        {typed,
         {{"a", {"", "text/plain; x=1"}}},
         "entry a has the content type \"text/plain; x=1\", which allowed_content_types does not have (change it, or "
         "add it to allowed_content_types)"},
        {denying({"a"}),
         {{"a.txt", {"", ""}}},
         "entry a.txt is not YAML, so its keys cannot be checked (leave it out, or write its name, without * or ?, in "
         "allowed_entries)"},
        {denying({"a..b"}),
         {},
         "denied_keys: \"a..b\" is not a pattern of keys (1 to 60 segments separated by '.', none of them empty, with "
         "* "
         "and ? in a segment, ** for any number)"},
    }));
    CHECK(refusal(row.policy, row.files) == row.text);
}

TEST_CASE("entries and content types are let through by name", "[config][policy]") {
    RemotePolicy policy;
    policy.allowed_entries = {"", "*.yaml", "cert.pem"};
    policy.allowed_content_types = {"text/*", ""};
    CHECK(refusal(policy, {{"", {"a: 1", "Text/YAML; charset=utf-8"}}, {"b.yaml", {"", ""}}}).empty());
    CHECK_FALSE(refusal(policy, {{"b.yaml", {"", "application/yaml"}}}).empty());
    policy.denied_keys = {"a"};
    CHECK(refusal(policy, {{"cert.pem", {"[", ""}}}).empty());
    CHECK_FALSE(refusal(policy, {{"b.yaml", {"", "text/plain"}}}).empty());      // a glob does not name it
    CHECK_FALSE(refusal(policy, {{"", {"b: 1", ""}}}, Format::raw).size() > 0);  // "" does
    CHECK_FALSE(refusal(policy, {{"cert.pem", {"[", ""}}}, Format::yaml).empty());
}

TEST_CASE("patterns that cannot be understood refuse everything", "[config][policy]") {
    const std::string pattern = GENERATE(as<std::string>(), "", ".", "a.", ".a", "a..b", "a. .b", "a::");
    CAPTURE(pattern);
    CHECK_FALSE(config::check_patterns(denying({pattern})));
    CHECK_FALSE(config::check_patterns(allowing({pattern})));
    CHECK_FALSE(refusal(denying({pattern}), ConfigMap{}).empty());
    CHECK(config::check_patterns(denying({"a.b", "**"})));
}

TEST_CASE("the size is the sum of the bodies", "[config][policy]") {
    RemotePolicy policy;
    policy.max_bytes = 4;
    CHECK(refusal(policy, {{"a", {"12", ""}}, {"b", {"34", ""}}}).empty());
    CHECK_FALSE(refusal(policy, {{"a", {"12", ""}}, {"b", {"345", ""}}}).empty());
}

TEST_CASE("a document too deep or too long to check is refused", "[config][policy][hostile]") {
    std::string deep;
    for (int i = 0; i < 300; ++i) deep += std::string(static_cast<std::size_t>(i), ' ') + "a:\n";
    CHECK_FALSE(refusal(denying({"x"}), deep).empty());
    std::string merges = "a0: &a0 {x: 1}\n";
    for (int i = 1; i < 300; ++i)
        merges += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {<<: *a" + std::to_string(i - 1) + "}\n";
    CHECK_FALSE(refusal(denying({"z"}), merges).empty());
    std::string many;
    for (int i = 0; i < 1001; ++i) many += "---\na: 1\n";
    CHECK_FALSE(refusal(denying({"x"}), many).empty());
}

namespace {

/// A random tree of keys a…d, and whether it has the path a.b somewhere as `denied` means it.
struct RandomTree {
    std::mt19937 random;
    std::string text(int depth) {
        if (depth == 0 || random() % 4 == 0) return "1";
        const bool is_list = random() % 4 == 0;
        std::string result = is_list ? "[" : "{";
        unsigned used = 0;
        const std::size_t count = 1 + random() % 3;
        for (std::size_t i = 0; i < count; ++i) {
            const auto key = static_cast<unsigned>(random() % 4);
            if (!is_list && (used >> key & 1) != 0) continue;
            used |= 1u << key;
            if (result.size() > 1) result += ", ";
            if (!is_list) result += std::string(random() % 2 ? "\"" + name(key) + "\"" : name(key)) + ": ";
            result += text(depth - 1);
        }
        return result + (is_list ? "]" : "}");
    }
    static std::string name(unsigned key) { return std::string(1, static_cast<char>('a' + key)); }
};

bool has_path(const config::yaml::Value& value, const std::string& path, const std::string& wanted) {
    if (path == wanted) return true;
    for (const auto& item : value.items)
        if (has_path(item, path, wanted)) return true;
    for (const auto& [key, entry] : value.entries)
        if (has_path(entry, path.empty() ? key.text : path + "." + key.text, wanted)) return true;
    return false;
}

}  // namespace

TEST_CASE("random trees are judged as a plain search judges them", "[config][policy]") {
    RandomTree trees{std::mt19937(7)};  // NOLINT(cert-msc51-cpp): the same at each run
    int refused = 0;
    for (int i = 0; i < 2000; ++i) {
        const std::string body = trees.text(4);
        const auto value = config::yaml::parse(body);
        REQUIRE(value);
        const bool is_denied = has_path(*value, "", "a.b");
        if (refusal(denying({"a.b"}), body).empty() == is_denied) FAIL(body);
        refused += is_denied ? 1 : 0;
    }
    CHECK(refused > 50);
    CHECK(refused < 1950);
}

TEST_CASE("random bytes end in an answer", "[config][policy][hostile]") {
    std::mt19937 random(11);  // NOLINT(cert-msc51-cpp): the same at each run
    const std::string alphabet = "ab.:{}[],&*<!|>%#?-\"'\\$ \n\t~0";
    int passed = 0;
    for (int i = 0; i < 5000; ++i) {
        std::string body;
        for (auto k = random() % 40; k > 0; --k) body += alphabet[random() % alphabet.size()];
        const bool passes = refusal(denying({"a.**.b", "b*"}), body).empty();
        if (passes && !config::yaml::check(body)) FAIL(body);
        passed += passes ? 1 : 0;
    }
    CHECK(passed > 0);
    CHECK(passed < 5000);
}
