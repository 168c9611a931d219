#include <catch2/catch.hpp>
#include <random>

#include "settings/describe.hpp"
#include "settings/preset.hpp"
#include "unit/settings/preset_machine.hpp"

namespace {

/// What is wrong when an agent has the preset "mine" with this content.
Texts problems_of_preset(const std::string& yaml) {
    return problems_of(kServer + "agent:\n  preset: mine\n  executable: ./demo-service\n", machine({{"mine", yaml}}));
}

}  // namespace

TEST_CASE("a parameter's bad value is looked for where it was written", "[settings][preset][parameters][problems]") {
    CHECK(
        problems_of(kServer + "agent:\n  preset: prometheus\n  parameters:\n    address: localhost:99999\n") ==
        Texts{
            "opampd.yaml:5: agent.health.endpoint: 'http://localhost:99999/-/ready' has a bad port (write one from "
            "1 to 65535)",
            "opampd.yaml:5: agent.reload.confirm.url: 'http://localhost:99999/metrics' has a bad port (write one from "
            "1 to 65535)"});
}

TEST_CASE("parameters that the preset does not have, or has no value for", "[settings][preset][parameters][problems]") {
    const std::string agent = kServer + "agent:\n  executable: ./demo-service\n";
    CHECK(problems_of(agent + "  preset: prometheus\n  parameters: {adress: x}\n") ==
          Texts{"opampd.yaml:5: agent.parameters.adress: is not a parameter of preset prometheus (did you mean "
                "address?)"});
    CHECK(problems_of(agent + "  preset: prometheus\n  parameters: {port: x}\n") ==
          Texts{"opampd.yaml:5: agent.parameters.port: is not a parameter of preset prometheus (known here: address)"});
    CHECK(problems_of(agent + "  parameters: {port: x}\n") ==
          Texts{"opampd.yaml:4: agent.parameters.port: is not a parameter of preset generic (remove it: there are "
                "none)"});
    const auto environment = machine({{"mine", "parameters: {port: }\nargs: [\"{port}\"]\n"}});
    CHECK(problems_of(agent + "  preset: mine\n", environment) ==
          Texts{"opampd.yaml:2: agent.parameters.port: is missing (preset mine has no value for it)"});
    CHECK(problems_of(agent + "  preset: mine\n  parameters: {port: 80}\n", environment) == Texts{});
}

TEST_CASE("an unknown preset is answered with those that exist", "[settings][preset][problems]") {
    auto environment = machine({{"mine", ""}, {".hidden", ""}});
    environment.files[kFolder + "README"] = "";
    environment.variables["KIND"] = "promethius";
    const std::string rest =
        "known: alertmanager, blackbox-exporter, collectd, fluent-bit, generic, haproxy, jaeger, "
        "jaeger-remote-storage, "
        "mine, nginx, otelcol, prometheus, rsyslog, syslog-ng, telegraf, vector, zabbix-agent2; others go into "
        "/etc/opampd/presets)";
    // What else the preset would have given is not asked for.
    CHECK(problems_of(kServer + "agents:\n  web:\n    preset: promethius\n", environment) ==
          Texts{"opampd.yaml:4: agents.web.preset: 'promethius' is not a preset (did you mean prometheus? " + rest});
    CHECK(problems_of(kServer + "agent:\n  preset: sendmail\n", environment) ==
          Texts{"opampd.yaml:3: agent.preset: 'sendmail' is not a preset (" + rest});
    environment.files[kFolder + "redis.yml"] = "";
    CHECK(
        problems_of(kServer + "agent:\n  preset: redis\n", environment) ==
        Texts{"opampd.yaml:3: agent.preset: 'redis' is not a preset ('" + kFolder + "redis.yml' has to end in .yaml)"});
    CHECK(problems_of(kServer + "agent:\n  preset: ${KIND}\n", environment) ==
          Texts{"opampd.yaml:3: agent.preset: '${KIND}' is not a preset (" + rest});
}

TEST_CASE("what cannot be the name of a preset", "[settings][preset][problems]") {
    const std::string agent = kServer + "agent:\n  executable: ./demo-service\n  preset: ";
    for (const std::string name : {"../mine", "/etc/mine", ".mine", "a b", "\"\""}) {
        CAPTURE(name);
        const std::string shown = name == "\"\"" ? "" : name;
        CHECK(problems_of(agent + name + "\n") ==
              Texts{"opampd.yaml:4: agent.preset: '" + shown +
                    "' is not a name for a preset (letters, digits, '.', '_' and '-', no dot in front, at most 64)"});
    }
    CHECK(problems_of(agent + "[generic]\n") == Texts{"opampd.yaml:4: agent.preset: is a list, but must be text"});
    CHECK(problems_of(agent + "{args: []}\n") == Texts{"opampd.yaml:4: agent.preset: is a map, but must be text"});
}

TEST_CASE("a folder of presets that cannot be read matters to who names one", "[settings][preset][problems]") {
    auto environment = machine();
    environment.forbidden.insert("/etc/opampd/presets");
    CHECK(problems_of(kServer + "agent:\n  executable: ./demo-service\n", environment) == Texts{});
    CHECK(problems_of(kServer + "agent:\n  executable: ./demo-service\n  preset: prometheus\n", environment) ==
          Texts{"opampd.yaml:4: agent.preset: cannot be used: reading '/etc/opampd/presets/prometheus.yaml': "
                "Permission denied"});
}

TEST_CASE("a mistake in a preset is shown in its file", "[settings][preset][problems]") {
    const std::string file = kFolder + "mine.yaml:";
    CHECK(problems_of_preset("# nothing\n") == Texts{});
    CHECK(problems_of_preset("args: [a\n") == Texts{file + "2: not valid YAML: end of sequence flow not found"});
    CHECK(problems_of_preset("- args\n") ==
          Texts{file + "1: the file is not a map (write keys of an agent, such as executables: [redis-server])"});
    CHECK(problems_of_preset("args: []\n---\nargs: []\n") ==
          Texts{file + "3: a second YAML document starts here (keep one)"});
    CHECK(problems_of_preset("args: []\nargs: []\n") ==
          Texts{file + "2: args: is given twice, first on line 1 (keep one)"});
    CHECK(problems_of_preset("\nstop_timout: 3s\n") ==
          Texts{file + "2: stop_timout: is not a key of opampd (did you mean stop_timeout?)"});
    CHECK(problems_of_preset("health:\n  interval: 3\n") ==
          Texts{file + "2: health.interval: '3' is not a duration (write 500ms, 10s or 5m)"});
    CHECK(problems_of_preset("health:\n  type: http\n") ==
          Texts{file + "1: health.endpoint: is missing (type http needs the URL to ask, such as "
                       "http://127.0.0.1:8080/healthz)"});
    CHECK(problems_of_preset("health:\n  endpoint: http://a\n") ==
          Texts{file + "2: health.endpoint: is never asked with type process (write type: http, or "
                       "remove the endpoint)"});
    CHECK(problems_of_preset("preset: prometheus\n") ==
          Texts{file + "1: preset: stands in a preset, which cannot build on another one (remove it)"});
    CHECK(problems_of_preset("summary: [a]\n") ==
          Texts{file + "1: summary: is not text (say in a few words what it is for)"});
    CHECK(problems_of_preset("parameters: {config: x}\n") ==
          Texts{file + "1: parameters.config: is the name of a placeholder of opampd's own (give another one)"});
    CHECK(problems_of_preset("parameters: {port: 1}\nargs: [\"{prot}\", \"{x}\", \"{confg\", \"a {confg}\"]\n") ==
          Texts{file + "2: args: '{prot}' is not a placeholder (did you mean {port}?)",
                file + "2: args: '{confg}' is not a placeholder (did you mean {config}?)"});
    CHECK(problems_of_preset("reload: {signal: HUP, confirm: {command: [cat, \"{pid}\", \"{pod}\"]}}\n") ==
          Texts{file + "1: reload.confirm.command: '{pod}' is not a placeholder (did you mean {pid}?)"});
    CHECK(problems_of_preset("parameters: {a-b: x}\n") ==
          Texts{file + "1: parameters.a-b: is not a name for a parameter (letters, digits and _)"});
}

TEST_CASE("mistakes in the settings file come before those in presets, and each is said once",
          "[settings][preset][problems]") {
    const auto environment = machine({{"mine", "args: [\n"}});
    CHECK(problems_of("server: {endpoint: ws://localhost}\n"
                      "agents:\n"
                      "  a: {preset: mine}\n"
                      "  b: {preset: mine, config_path: b.yaml, stop_timeout: 3}\n",
                      environment) ==
          Texts{"opampd.yaml:4: agents.b.stop_timeout: '3' is not a duration (write 500ms, 10s or 5m)",
                kFolder + "mine.yaml:2: not valid YAML: end of sequence flow not found"});
    // By each of its agents, but once.
    CHECK(problems_of(
              "server: {endpoint: ws://localhost}\nagents: {a: {preset: mine}, b.c: {preset: mine, config_path: b}}\n",
              machine({{"mine", "executable: ./demo-service\nstop_timeout: 3\n"}})) ==
          Texts{kFolder + "mine.yaml:2: stop_timeout: '3' is not a duration (write 500ms, 10s or 5m)"});
}

TEST_CASE("a built-in preset whose program is missing says so", "[settings][preset][problems]") {
    FakeEnvironment environment;
    const auto problems = problems_of(kServer + "agent: {preset: prometheus}\n", environment);
    REQUIRE(problems.size() == 3);
    CHECK(problems[0].starts_with("built-in preset prometheus:"));
    CHECK(problems[0].find(": executable: 'prometheus' is not a program in $PATH") != std::string::npos);
    CHECK(problems[1].find(": version.command: the program is not a program in $PATH") != std::string::npos);
    CHECK(problems[2].find(": config_check.command: the program is not a program in $PATH") != std::string::npos);
}

TEST_CASE("no text of a preset is fatal", "[settings][preset][problems]") {
    const std::string good(base::content_of(settings::preset_files(), "prometheus.yaml").value());
    const std::string pieces = "{}[]:,&*<\"'#|>-\n ${x}\t";
    std::mt19937 random(7);  // NOLINT: the same texts each time
    int broken = 0;
    for (int i = 0; i < 2000; ++i) {
        std::string text = good;
        for (int change = 0; change < 3; ++change) text[random() % text.size()] = pieces[random() % pieces.size()];
        broken += problems_of_preset(text).empty() ? 0 : 1;
    }
    CHECK(broken > 100);
}
