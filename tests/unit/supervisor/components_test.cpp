#include "supervisor/components.hpp"

#include <catch2/catch.hpp>

#include "support/run.hpp"
#include "support/temp_folder.hpp"

using base::Kind;
using opamp::Component;
using opamp::Components;
using supervisor::parse_components;

namespace {

std::string complaint(const std::string& text) {
    const auto components = parse_components(text);
    REQUIRE_FALSE(components);
    return components.error().text();
}

const Components kThreeLevels{
    {"receivers",
     Component{{},
               {{"otlp", Component{{{"code.namespace", "go/otlp"}, {"version", "1.50"}}, {{"grpc", Component{}}}}}}}},
    {"solo", Component{}}};

}  // namespace

TEST_CASE("components nest to any depth, as YAML and as JSON [COMP-8]", "[supervisor][components]") {
    const auto yaml = parse_components(
        "receivers:\n"
        "  components:\n"
        "    otlp:\n"
        "      metadata: {code.namespace: go/otlp, version: 1.50}\n"
        "      components:\n"
        "        grpc:\n"
        "solo: {}\n");
    REQUIRE(yaml);
    CHECK(*yaml == kThreeLevels);
    const auto json = parse_components(
        "{\"receivers\":{\"components\":{\"otlp\":{\"metadata\":{\"code.namespace\":\"go/otlp\",\"version\":\"1.50\"},"
        "\"components\":{\"grpc\":{}}}}},\"solo\":{}}");
    REQUIRE(json);
    CHECK(*json == kThreeLevels);
    const auto none = parse_components("{}");
    REQUIRE(none);
    CHECK(none->empty());
}

TEST_CASE("what is no map of components is told with its place", "[supervisor][components]") {
    CHECK(complaint("") == "it is not a map from names to components");
    CHECK(complaint("[a]") == "it is not a map from names to components");
    CHECK(complaint("a: b") == "'a': is not a map (with the keys metadata and components)");
    CHECK(complaint("a: {version: 1}") == "'a': has the key 'version', and only metadata and components are known");
    CHECK(complaint("a: {components: {b: {metadata: [x]}}}") ==
          "'a': components: 'b': metadata: is not a map of names and texts");
    CHECK(complaint("a: {metadata: {x: [1]}}") == "'a': metadata: 'x' is not a text");
    CHECK(complaint("a: {components: x}") == "'a': components: is not a map from names to components");
    CHECK(complaint("\"\": {}") == "has a component without a name");
    CHECK(complaint("a: {}\na: {}").find("the key 'a' is there twice") != std::string::npos);
    CHECK(complaint("a: [").find("line 1") != std::string::npos);
}

TEST_CASE("components are bounded in number and depth", "[supervisor][components]") {
    const auto deep = [](int levels) {
        std::string text, end;
        for (int i = 0; i < levels; ++i) text += i == 0 ? "{a: " : "{components: {a: ", end += i == 0 ? "}" : "}}";
        return text + end;
    };
    CHECK(parse_components(deep(32)));
    const auto too_deep = parse_components(deep(33));
    REQUIRE_FALSE(too_deep);
    CHECK(too_deep.error().kind() == Kind::too_large);
    std::string many;
    for (int i = 0; i < 10'000; ++i) many += "c" + std::to_string(i) + ":\n";
    CHECK(parse_components(many));
    const auto too_many = parse_components(many + "one more:\n");
    REQUIRE_FALSE(too_many);
    CHECK(too_many.error().kind() == Kind::too_large);
}

TEST_CASE("components come from the agent's command", "[supervisor][components]") {
    support::TempFolder folder;
    async::asio::io_context context;
    settings::Agent agent;
    agent.working_directory = folder.path();
    agent.available_components.timeout = support::kLimit;
    supervisor::Provision provision;
    provision.environment = {"PATH=/usr/bin:/bin", "ID=solo"};
    const auto load = [&](const std::string& script) {
        agent.available_components.command = {"/bin/sh", "-c", script};
        return support::run(context,
                            supervisor::load_components(context.get_executor(), agent, "", provision, nullptr));
    };
    const auto good = load("echo \"$ID: {metadata: {folder: $PWD}}\"");
    REQUIRE(good);
    CHECK(*good == Components{{"solo", Component{{{"folder", folder.path().string()}}, {}}}});

    const auto failed = load("echo oh no >&2; exit 7");
    REQUIRE_FALSE(failed);
    CHECK(failed.error().kind() == Kind::refused);
    CHECK(failed.error().text() == "listing the components: exit code 7: oh no");
    const auto bad = load("echo a: b");
    REQUIRE_FALSE(bad);
    CHECK(bad.error().text() ==
          "reading the list of components: 'a': is not a map (with the keys metadata and components)");
    const auto endless = load("exec yes");
    REQUIRE_FALSE(endless);
    CHECK(endless.error().kind() == Kind::too_large);
}
