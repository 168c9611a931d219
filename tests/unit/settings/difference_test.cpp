#include "settings/difference.hpp"

#include <catch2/catch.hpp>

#include "settings/keys.hpp"
#include "settings/load.hpp"
#include "unit/settings/fake_environment.hpp"

namespace {

using Names = std::vector<std::string>;

settings::Settings read(const std::string& yaml) {
    const auto loaded = settings::parse(yaml, FakeEnvironment(), "opampd.yaml");
    for (const auto& problem : loaded.problems) FAIL_CHECK(settings::to_text(problem, "opampd.yaml"));
    return loaded.settings;
}

const std::string kServer = "server: {endpoint: ws://127.0.0.1:4320/v1/opamp}\n";
const std::string kOne = kServer + "agent: {executable: ./demo-service}\n";

Names changed(const std::string& before, const std::string& after) {
    return settings::changed_keys(read(before), read(after));
}

}  // namespace

TEST_CASE("a file that says the same in other words has not changed", "[settings][difference]") {
    CHECK(changed(kOne, kOne) == Names());
    CHECK(changed(kOne, "# the same\nagent:\n  executable: /srv/demo-service\n  stop_timeout: 10000ms\n" + kServer) ==
          Names());
}

TEST_CASE("keys that have changed are named, and no values", "[settings][difference][secrets]") {
    CHECK(changed(kOne,
                  "server: {endpoint: ws://other:1/, headers: {A: s3cret}}\n"
                  "agent: {executable: ./demo-service, args: [s3cret], stop_timeout: 3s}\n"
                  "telemetry: {endpoint: \"http://127.0.0.1:4318\", logs: {level: debug}}\n") ==
          Names{"server.endpoint", "server.headers", "telemetry.logs.level", "telemetry.endpoint", "agent.args",
                "agent.stop_timeout"});
}

TEST_CASE("agents are told apart by their names", "[settings][difference]") {
    const std::string before = kServer +
                               "agents:\n"
                               "  web: {executable: ./demo-service, config_path: web.yaml}\n"
                               "  db: {executable: ./demo-service, config_path: db.yaml}\n";
    CHECK(changed(before, before) == Names());
    CHECK(changed(before, kServer + "agents:\n"
                                    "  db: {executable: ./demo-service, config_path: db.yaml, args: []}\n"
                                    "  new: {executable: ./demo-service, config_path: new.yaml}\n") ==
          Names{"agents.web", "agents.db.args", "agents.new"});
}

TEST_CASE("custom capabilities are told apart by their names", "[settings][difference]") {
    const auto with = [](const std::string& capabilities) {
        return kServer + "agent:\n  executable: ./demo-service\n  custom_capabilities:\n" + capabilities;
    };
    const std::string a = "    com.example.a: {command: [/srv/bin/agent]}\n";
    const std::string b = "    com.example.b: {command: [/srv/bin/agent]}\n";
    CHECK(changed(with(a), with(a)) == Names());
    CHECK(changed(with(a), with(b)) ==
          Names{"agent.custom_capabilities.com.example.a", "agent.custom_capabilities.com.example.b"});
    CHECK(changed(with(a), with("    com.example.a: {command: [/srv/bin/agent, -v]}\n")) ==
          Names{"agent.custom_capabilities.com.example.a.command"});
}

TEST_CASE("a probe that has changed is named by its keys, and one that came or went as a whole",
          "[settings][difference]") {
    const auto with = [](const std::string& health) {
        return kServer + "agent:\n  executable: ./demo-service\n  health: " + health + "\n";
    };
    CHECK(changed(with("{probes: {a: {type: notify}, b: {type: tcp, endpoint: 'localhost:1'}}}"),
                  with("{probes: {b: {type: tcp, endpoint: 'localhost:2', failures: 3}, c: {type: process}}}")) ==
          Names{"agent.health.probes.a", "agent.health.probes.b.endpoint", "agent.health.probes.b.failures",
                "agent.health.probes.c"});
    CHECK(changed(with("{type: notify}"), with("{type: notify, failures: 2}")) == Names{"agent.health.failures"});
}
