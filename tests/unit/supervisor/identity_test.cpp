#include "supervisor/identity.hpp"

#include <stdlib.h>

#include <catch2/catch.hpp>

#include <algorithm>

#include "support/temp_folder.hpp"

using namespace supervisor;

namespace {

settings::Agent demo() {
    settings::Agent agent;
    agent.name = "demo";
    agent.executable = "/opt/demo-service";
    agent.config_path = "/etc/demo/effective.yaml";
    return agent;
}

std::string attribute(const opamp::Attributes& attributes, const std::string& key) {
    for (const auto& [name, value] : attributes)
        if (name == key) return value;
    return "";
}

bool has(const std::vector<std::string>& environment, const std::string& variable) {
    return std::find(environment.begin(), environment.end(), variable) != environment.end();
}

}  // namespace

TEST_CASE("an identity is made once and kept", "[supervisor][identity][UID-3]") {
    support::TempFolder folder;
    const auto first = load_identity(folder / "a", "");
    REQUIRE(first);
    CHECK(load_identity(folder / "a", "")->uid == first->uid);
    CHECK(load_identity(folder / "a", "018f3a6c-5d2e-7b9a-8c0d-112233445566")->uid == first->uid);
    CHECK(load_identity(folder / "b", "018f3a6c-5d2e-7b9a-8c0d-112233445566")->uid.text() ==
          "018f3a6c-5d2e-7b9a-8c0d-112233445566");
    REQUIRE(store_identity(folder / "a", load_identity(folder / "b", "")->uid));
    CHECK(load_identity(folder / "a", "")->uid.text() == "018f3a6c-5d2e-7b9a-8c0d-112233445566");
}

TEST_CASE("a damaged identity is set aside and said", "[supervisor][identity][damage]") {
    support::TempFolder folder;
    const std::string content = GENERATE("", "\n", "not a uuid\n", "\xFF\xFE");
    support::write(folder / "instance_uid", content);
    const auto identity = load_identity(folder.path(), "");
    REQUIRE(identity);
    CHECK(identity->notes.size() == 1);
    CHECK(support::read(folder / "instance_uid.damaged") == content);
    CHECK(load_identity(folder.path(), "")->uid == identity->uid);
}

TEST_CASE("an agent is described by the conventions, and by its settings",
          "[supervisor][identity][STAT-9][STAT-11][STAT-12]") {
    settings::Agent agent = demo();
    agent.description.identifying_attributes = {{"service.name", "shop"}, {"service.namespace", "eu"}};
    agent.description.non_identifying_attributes = {{"team", "sre"}};
    const auto uid = *base::Uuid::parse("018f3a6c-5d2e-7b9a-8c0d-112233445566");
    const auto description = describe_agent(agent, uid, "1.2", {{"os.type", "linux"}, {"host.name", "h"}});
    CHECK(attribute(description.identifying, "service.name") == "shop");
    CHECK(attribute(description.identifying, "service.namespace") == "eu");
    CHECK(attribute(description.identifying, "service.instance.id") == uid.text());
    CHECK(attribute(description.non_identifying, "os.type") == "linux");
    CHECK(attribute(description.non_identifying, "host.name") == "h");
    CHECK(attribute(description.identifying, "service.version") == "1.2");
    CHECK(attribute(description.non_identifying, "team") == "sre");
    CHECK(attribute(describe_agent(demo(), uid, "", {}).identifying, "service.name") == "demo-service");
}

TEST_CASE("an agent gets our environment, its own, and what it may want to know", "[supervisor][identity]") {
    ::setenv("OPAMPD_TEST_INHERITED", "yes", 1);
    ::setenv("NOTIFY_SOCKET", "/run/x", 1);
    settings::Agent agent = demo();
    agent.env = {{"MINE", "1"}, {"OPAMPD_TEST_INHERITED", "overridden"}};
    const auto uid = *base::Uuid::parse("018f3a6c-5d2e-7b9a-8c0d-112233445566");
    const auto environment = agent_environment(agent, uid, "abc");
    ::unsetenv("NOTIFY_SOCKET");
    ::unsetenv("OPAMPD_TEST_INHERITED");
    CHECK(has(environment, "MINE=1"));
    CHECK(has(environment, "OPAMPD_TEST_INHERITED=overridden"));
    CHECK(has(environment, "OPAMP_INSTANCE_UID=" + uid.text()));
    CHECK(has(environment, "OPAMP_AGENT_NAME=demo"));
    CHECK(has(environment, "OPAMP_CONFIG_FILE=/etc/demo/effective.yaml"));
    CHECK(has(environment, "OPAMP_CONFIG_HASH=abc"));
    CHECK_FALSE(has(environment, "NOTIFY_SOCKET=/run/x"));
}
