#include "settings/preset.hpp"

#include <catch2/catch.hpp>

#include "settings/describe.hpp"
#include "unit/settings/preset_machine.hpp"

using namespace std::chrono_literals;

TEST_CASE("an agent is generic unless it says otherwise", "[settings][preset]") {
    const Agent agent = agent_with("  executable: ./demo-service\n");
    CHECK(agent.preset == "generic");
    CHECK(agent.from_preset.file.empty());
    CHECK(agent.from_preset.keys == Texts{});
    CHECK(agent_with("  executable: ./demo-service\n  preset:\n").preset == "generic");
}

TEST_CASE("every built-in preset is good as it is", "[settings][preset]") {
    REQUIRE(base::content_of(settings::preset_files(), "generic.yaml"));  // the default of agent.preset
    REQUIRE(base::content_of(settings::preset_files(), "prometheus.yaml"));
    for (const base::EmbeddedFile& file : settings::preset_files()) {
        CAPTURE(file.name);
        REQUIRE(file.name.ends_with(".yaml"));
        const std::string name(file.name.substr(0, file.name.rfind('.')));
        const std::string executable = name == "generic" ? "  executable: ./demo-service\n" : "";
        const Agent agent = agent_with("  preset: " + name + "\n" + executable);
        CHECK(agent.preset == name);
        CHECK_FALSE(agent.from_preset.summary.empty());
    }
}

TEST_CASE("the preset of Prometheus needs nothing but its name", "[settings][preset]") {
    const Agent agent = agent_with("  preset: prometheus\n");
    CHECK(agent.executable == "/usr/bin/prometheus");
    CHECK(agent.args == Texts{"--config.file={config}", "--web.listen-address=127.0.0.1:9090"});
    CHECK(agent.config_path == "/srv/prometheus.yml");
    CHECK(agent.config_format == settings::ConfigFormat::yaml);
    CHECK(agent.config_check.command == Texts{"/usr/bin/promtool", "check", "config", "{config}"});
    CHECK(agent.health.type == settings::ProbeType::http);
    CHECK(agent.health.endpoint == "http://127.0.0.1:9090/-/ready");
    CHECK(agent.reload.signal == SIGHUP);
    CHECK(agent.reload.confirm.url == "http://127.0.0.1:9090/metrics");
}

TEST_CASE("an agent without arguments of its own has the preset of its program", "[settings][preset]") {
    const Agent agent = agent_with("  executable: /usr/bin/prometheus\n");
    CHECK(agent.preset == "prometheus");
    CHECK(agent.from_preset.by_program);
    CHECK(agent.reload.signal == SIGHUP);
    CHECK(agent_with("  executable: prometheus\n").preset == "prometheus");
    CHECK(agent_with("  executable: prometheus-alertmanager\n").preset == "alertmanager");
    CHECK(agent_with("  executable: prometheus\n  args: [--help]\n").preset == "generic");
    CHECK(agent_with("  executable: prometheus\n  args:\n").preset == "prometheus");
    CHECK(agent_with("  executable: prometheus\n  args: []\n").preset == "generic");
    CHECK(agent_with("  executable: prometheus\n  preset: generic\n").preset == "generic");
    CHECK_FALSE(agent_with("  preset: prometheus\n").from_preset.by_program);
    const auto mine = machine({{"mine", "executable: ./demo-service\nstop_timeout: 3s\n"},
                               {"other", "executables: [demo, ./x]\n# demo-service\n"}});
    CHECK(agent_with("  executable: ./demo-service\n", mine).preset == "mine");
    CHECK(agent_with("  executable: ./demo-service\n", mine).stop_timeout == 3s);
    const auto changed = machine({{"prometheus", "executable: prometheus\nargs: [mine]\n"}});
    CHECK(agent_with("  executable: prometheus\n", changed).args == Texts{"mine"});
}

TEST_CASE("of the names of a preset's program the one that is there is run", "[settings][preset]") {
    CHECK(agent_with("  preset: alertmanager\n").executable == "/usr/bin/prometheus-alertmanager");
    auto environment = machine();
    environment.programs.insert("/usr/bin/alertmanager");
    CHECK(agent_with("  preset: alertmanager\n", environment).executable == "/usr/bin/alertmanager");
    const auto none = machine({{"mine", "executables: [nobody, no-one]\n"}});
    CHECK(problems_of(kServer + "agent: {preset: mine}\n", none) ==
          Texts{kFolder + "mine.yaml:1: executable: 'nobody' is not a program in $PATH (for one elsewhere write a "
                          "path with a slash: ./NAME or /FOLDER/NAME)"});
    const auto bad = machine({{"mine", "executable: prometheus\nexecutables: []\n"}});
    CHECK(problems_of(kServer + "agent: {preset: mine}\n", bad) ==
          Texts{kFolder + "mine.yaml:2: executables: is given together with executable (keep one)",
                kFolder + "mine.yaml:2: executables: has no names (give those that the program may have)"});
}

TEST_CASE("{executable} is the program in every text", "[settings][preset]") {
    const auto environment =
        machine({{"mine", "executables: [prometheus]\nconfig_check: {command: [\"{executable}\", -t]}\n"}});
    CHECK(agent_with("  preset: mine\n", environment).config_check.command == Texts{"/usr/bin/prometheus", "-t"});
    CHECK(agent_with("  preset: mine\n  executable: ./demo-service\n", environment).config_check.command ==
          Texts{"/srv/demo-service", "-t"});
}

TEST_CASE("the preset of Jaeger tells it where it is asked, and where its storage is", "[settings][preset]") {
    const Agent agent = agent_with("  preset: jaeger\n  parameters: {admin: \"127.0.0.1:7\", storage: grpc}\n");
    CHECK(agent.executable == "/usr/bin/jaeger-all-in-one");
    CHECK(agent.args == Texts{"--config-file={config}", "--admin.http.host-port=127.0.0.1:7"});
    CHECK(agent.env.at("SPAN_STORAGE_TYPE") == "grpc");
    CHECK(agent.health.endpoint == "http://127.0.0.1:7/");
    const Agent storage = agent_with("  preset: jaeger-remote-storage\n");
    CHECK(storage.env.at("SPAN_STORAGE_TYPE") == "badger");
    CHECK(storage.health.endpoint == "http://127.0.0.1:17270/");
}

TEST_CASE("what the agent says wins over its preset", "[settings][preset]") {
    const auto environment = machine({{"mine",
                                       "executable: ./demo-service\n"
                                       "args: [a, b]\n"
                                       "stop_timeout: 3s\n"
                                       "env: {A: preset, B: preset}\n"
                                       "health: {type: http, endpoint: http://localhost/ready, interval: 2s}\n"
                                       "description: {identifying_attributes: {service.name: preset}}\n"}});
    const Agent agent = agent_with(
        "  preset: mine\n"
        "  executable: ./bin/agent\n"
        "  args: [c]\n"
        "  env: {B: agent, C: agent}\n"
        "  health: {interval: 7s}\n"
        "  description: {non_identifying_attributes: {a: b}}\n",
        environment);
    CHECK(agent.executable == "/srv/bin/agent");
    CHECK(agent.args == Texts{"c"});
    CHECK(agent.args_as_written == Texts{"c"});
    CHECK(agent.stop_timeout == 3s);
    CHECK(agent.env == settings::TextMap{{"A", "preset"}, {"B", "agent"}, {"C", "agent"}});
    CHECK(agent.health.type == settings::ProbeType::http);
    CHECK(agent.health.endpoint == "http://localhost/ready");
    CHECK(agent.health.interval == 7s);
    CHECK(agent.description.identifying_attributes == settings::TextMap{{"service.name", "preset"}});
    CHECK(agent.description.non_identifying_attributes == settings::TextMap{{"a", "b"}});
    CHECK(agent.from_preset.file == kFolder + "mine.yaml");
    CHECK(agent.from_preset.keys ==
          Texts{"stop_timeout", "env.A", "health.type", "health.endpoint", "description.identifying_attributes"});
}

TEST_CASE("a key without a value has what the preset says", "[settings][preset]") {
    auto environment = machine({{"mine", "executable: ./demo-service\nargs: [a]\nhealth: {interval: 2s}\n"}});
    environment.variables["NOTHING"] = "";
    const Agent agent = agent_with("  preset: mine\n  args:\n  health:\n", environment);
    CHECK(agent.args == Texts{"a"});
    CHECK(agent.health.interval == 2s);
    CHECK(agent_with("  preset: mine\n  args: []\n", environment).args == Texts{});
    CHECK(agents_of(kServer + "agents:\n  web: {preset: mine}\n", environment)[0].args == Texts{"a"});
}

TEST_CASE("an agent without keys has a preset too", "[settings][preset]") {
    const auto agents =
        agents_of(kServer + "agents:\n  web:\n", machine({{"generic", "executable: ./demo-service\n"}}));
    REQUIRE(agents.size() == 1);
    CHECK(agents[0].executable == "/srv/demo-service");
}

TEST_CASE("parts of a preset can be switched off", "[settings][preset]") {
    const Agent agent =
        agent_with("  preset: mine\n  health: {type: process}\n  config_check: {command: []}\n",
                   machine({{"mine",
                             "executable: ./demo-service\nhealth: {type: http, endpoint: http://localhost/ready}\n"
                             "config_check: {command: [promtool], timeout: 3s}\n"}}));
    CHECK(agent.health.type == settings::ProbeType::process);
    CHECK(agent.config_check.command.empty());
}

TEST_CASE("a parameter is filled in wherever it stands", "[settings][preset][parameters]") {
    const Agent agent = agent_with("  preset: prometheus\n  parameters: {address: localhost:9191}\n");
    CHECK(agent.args[1] == "--web.listen-address=localhost:9191");
    CHECK(agent.args_as_written[1] == "--web.listen-address=localhost:9191");
    CHECK(agent.health.endpoint == "http://localhost:9191/-/ready");
    CHECK(agent_with("  preset: prometheus\n  args: [\"{address}\", \"{config}\", \"{other}\"]\n").args ==
          Texts{"127.0.0.1:9090", "{config}", "{other}"});
}

TEST_CASE("what a parameter brings in stays as it is", "[settings][preset][parameters]") {
    const auto environment =
        machine({{"mine", "parameters: {a: 1, b: 2}\nexecutable: ./demo-service\nargs: [\"{a}{b}\", \"{{a}}\"]\n"}});
    CHECK(agent_with("  preset: mine\n  parameters: {a: \"{b}\"}\n", environment).args == Texts{"{b}2", "{{b}}"});
}

TEST_CASE("agents of one preset have parameters of their own", "[settings][preset][parameters]") {
    const auto agents = agents_of(kServer +
                                  "agents:\n"
                                  "  one: {preset: prometheus, config_path: one.yml, parameters: {address: \"a:1\"}}\n"
                                  "  two: {preset: prometheus, config_path: two.yml, parameters: {address: \"b:2\"}}\n"
                                  "  three: {preset: prometheus, config_path: three.yml}\n");
    REQUIRE(agents.size() == 3);
    CHECK(agents[0].health.endpoint == "http://a:1/-/ready");
    CHECK(agents[1].health.endpoint == "http://b:2/-/ready");
    CHECK(agents[2].health.endpoint == "http://127.0.0.1:9090/-/ready");
}

TEST_CASE("a parameter that is a secret stays one", "[settings][preset][parameters][secrets]") {
    auto environment = machine();
    environment.variables["WHERE"] = "s3cret:99999";
    const std::string yaml = kServer + "agent:\n  preset: prometheus\n  parameters: {address: \"${WHERE}\"}\n";
    CHECK(
        problems_of(yaml, environment) ==
        Texts{"opampd.yaml:4: agent.health.endpoint: 'http://${WHERE}/-/ready' has a bad port (write one from 1 to "
              "65535)",
              "opampd.yaml:4: agent.reload.confirm.url: 'http://${WHERE}/metrics' has a bad port (write one from 1 to "
              "65535)"});
    environment.variables["WHERE"] = "s3cret:1";
    const auto loaded = settings::parse(yaml, environment, "opampd.yaml");
    CHECK(loaded.problems.empty());
    CHECK(loaded.settings.agents.at(0).args[1] == "--web.listen-address=s3cret:1");
    const std::string text = settings::describe(loaded.settings);
    CHECK(text.find("--web.listen-address=${WHERE}") != std::string::npos);
}

TEST_CASE("a preset of one's own wins over a built-in one", "[settings][preset]") {
    CHECK(agent_with("  preset: prometheus\n", machine({{"prometheus", "executable: ./demo-service\n"}})).executable ==
          "/srv/demo-service");
}

TEST_CASE("presets are looked for in the folder that is given, wherever its key stands", "[settings][preset]") {
    auto environment = machine({{"mine", "executable: ./bin/agent\n"}});
    environment.files["/srv/data/mine.yaml"] = "executable: ./demo-service\n";
    const std::string agent = "agent: {preset: mine}\n";
    for (const std::string& yaml :
         {kServer + agent + "presets: {directory: data}\n", "presets: {directory: data}\n" + kServer + agent}) {
        const auto agents = agents_of(yaml, environment);
        REQUIRE(agents.size() == 1);
        CHECK(agents[0].executable == "/srv/demo-service");
        CHECK(agents[0].from_preset.file == "/srv/data/mine.yaml");
    }
    CHECK(problems_of(kServer + "agent: {executable: ./demo-service}\npresets: {directory: nowhere}\n") ==
          Texts{"opampd.yaml:3: presets.directory: 'nowhere' does not exist (create it)"});
}

TEST_CASE("variables in a preset are those of opampd", "[settings][preset]") {
    auto environment = machine({{"mine", "executable: ${PROGRAM}\n"}});
    environment.variables["PROGRAM"] = "./demo-service";
    CHECK(agent_with("  preset: mine\n", environment).executable == "/srv/demo-service");
    environment.variables.erase("PROGRAM");
    CHECK(problems_of(kServer + "agent:\n  preset: mine\n  args: []\n  executable: ./demo-service\n", environment) ==
          Texts{kFolder + "mine.yaml:1: executable: environment variable 'PROGRAM' is not set (set it, or give a "
                          "default: ${env:PROGRAM:-text})"});
}

TEST_CASE("in words: what the preset gave", "[settings][preset][describe]") {
    const auto text = [](const std::string& keys, const FakeEnvironment& environment) {
        return settings::describe(settings::parse(kServer + "agent:\n" + keys, environment, "opampd.yaml").settings);
    };
    CHECK(
        text("  preset: prometheus\n  config_path: a.yml\n  health: {interval: 1s}\n", machine())
            .find(
                "agent       agent\n"
                "  preset    prometheus (built in): Prometheus, whose configs promtool checks\n"
                "  gives     executable, parameters, args, version, config_format, config_check, config_apply_timeout, "
                "health.type, health.endpoint, reload, own_telemetry, stop_timeout\n"
                "  runs      /usr/bin/prometheus \"--config.file=/srv/a.yml\" "
                "\"--web.listen-address=127.0.0.1:9090\"\n") != std::string::npos);
    CHECK(text("  executable: ./demo-service\n", machine({{"generic", "stop_timeout: 3s\n"}}))
              .find("  preset    generic (/etc/opampd/presets/generic.yaml)\n  gives     stop_timeout\n") !=
          std::string::npos);
    CHECK(text("  preset: mine\n  executable: ./demo-service\n", machine({{"mine", ""}}))
              .find("  preset    mine (/etc/opampd/presets/mine.yaml)\n  gives     nothing\n") != std::string::npos);
}
