#include <catch2/catch.hpp>

#include "settings/load.hpp"
#include "unit/settings/fake_environment.hpp"

using namespace std::chrono_literals;
using namespace std::string_literals;
using settings::Agent;
using settings::Settings;
using Texts = std::vector<std::string>;

namespace {

Settings parsed(const std::string& yaml, const FakeEnvironment& environment = {}) {
    auto loaded = settings::parse(yaml, environment, "opampd.yaml");
    for (const auto& problem : loaded.problems) FAIL_CHECK(settings::to_text(problem, "opampd.yaml"));
    return loaded.settings;
}

Agent agent_with(const std::string& keys) {
    auto settings = parsed("server: {endpoint: ws://localhost}\nagent:\n  executable: ./demo-service\n" + keys);
    return settings.agents.empty() ? Agent{} : settings.agents[0];
}

Agent agent_of(const std::string& executable) {
    auto settings = parsed("server: {endpoint: ws://localhost}\nagent:\n  executable: " + executable + "\n");
    return settings.agents.empty() ? Agent{} : settings.agents[0];
}

settings::Server server_with(const std::string& keys) {
    return parsed("agent: {executable: ./demo-service}\nserver:\n  endpoint: wss://localhost/v1/opamp\n" + keys).server;
}

}  // namespace

TEST_CASE("a program is found by path or in PATH", "[settings][values]") {
    CHECK(agent_of("demo-service/").executable == "/srv/demo-service");
    CHECK(agent_of("./bin/agent").executable == "/srv/bin/agent");
    CHECK(agent_of("bin/agent").executable == "/srv/bin/agent");
    CHECK(agent_of("/srv/bin/agent").executable == "/srv/bin/agent");
    CHECK(agent_of("data/../bin/agent").executable == "/srv/data/../bin/agent");
    CHECK(agent_of("otelcol").executable == "/usr/bin/otelcol");
}

TEST_CASE("a program's relative path does not start at the agent's working directory", "[settings][values]") {
    const Agent agent = agent_with("  working_directory: data\n");
    CHECK(agent.executable == "/srv/demo-service");
    CHECK(agent.working_directory == "/srv/data");
    CHECK(agent.config_path == "/srv/data/effective.yaml");
}

TEST_CASE("texts are taken as written", "[settings][values]") {
    CHECK(agent_with("  args: [1, true, 0x10, 1.50, \"\", 'a b', no]\n").args ==
          Texts{"1", "true", "0x10", "1.50", "", "a b", "no"});
    CHECK(agent_with("  args: --one,two\n").args == Texts{"--one,two"});
    CHECK(agent_with("  args: []\n").args.empty());
    CHECK(agent_with("  args:\n").args == Texts{"--config", "{config}"});
    CHECK(agent_with("  args: [\"{config}\", \"{x}\"]\n").args == Texts{"{config}", "{x}"});
    const settings::TextMap env{{"A", "1"}, {"B", ""}, {"C", "x y"}};
    CHECK(agent_with("  env: {A: 1, B: , C: x y}\n").env == env);
}

TEST_CASE("quotes make no difference to other types", "[settings][values]") {
    CHECK(agent_with("  stop_timeout: '3s'\n").stop_timeout == 3s);
    CHECK_FALSE(parsed("server: {endpoint: ws://a}\nagent: {executable: ./demo-service}\ncapabilities: "
                       "{reports_health: \"false\"}\n")
                    .capabilities.reports_health);
    CHECK(agent_with("  instance_id: \"01890A5DAC96774BBCCEB302099A8057\"\n").instance_id ==
          "01890a5d-ac96-774b-bcce-b302099a8057");
}

TEST_CASE("signals have names and numbers", "[settings][values]") {
    struct Row {
        const char* text;
        int signal;
    };
    const auto row = GENERATE(values<Row>({{"SIGINT", SIGINT},
                                           {"INT", SIGINT},
                                           {"sigquit", SIGQUIT},
                                           {"15", SIGTERM},
                                           {"KILL", SIGKILL},
                                           {"WINCH", SIGWINCH}}));
    CAPTURE(row.text);
    CHECK(agent_with("  stop_signal: "s + row.text + "\n").stop_signal == row.signal);
}

TEST_CASE("all of an agent", "[settings][values]") {
    const Agent agent = agent_with(
        "  config_files: [base.yaml, /srv/more.yaml]\n"
        "  config_path: out/agent.yaml\n"
        "  config_format: raw\n"
        "  config_apply_timeout: 1m\n"
        "  min_uptime: 2500ms\n"
        "  restart: {initial_backoff: 100ms, max_backoff: 5m, reset_after: 1h}\n"
        "  health: {type: http, endpoint: \"http://127.0.0.1:8080/healthz?full=1\", interval: 500ms, timeout: 250ms}\n"
        "  description:\n"
        "    identifying_attributes: {service.name: web, service.version: 1.10}\n"
        "    non_identifying_attributes: {rack: 7}\n");
    CHECK(agent.config_files == std::vector<std::filesystem::path>{"/srv/base.yaml", "/srv/more.yaml"});
    CHECK(agent.config_path == "/srv/out/agent.yaml");
    CHECK(agent.config_format == settings::ConfigFormat::raw);
    CHECK(agent.config_apply_timeout == 1min);
    CHECK(agent.min_uptime == 2500ms);
    CHECK(agent.restart.initial_backoff == 100ms);
    CHECK(agent.restart.max_backoff == 5min);
    CHECK(agent.restart.reset_after == 1h);
    CHECK(agent.health.type == settings::ProbeType::http);
    CHECK(agent.health.endpoint == "http://127.0.0.1:8080/healthz?full=1");
    CHECK(agent.health.interval == 500ms);
    CHECK(agent.health.timeout == 250ms);
    CHECK(agent.description.identifying_attributes ==
          settings::TextMap{{"service.name", "web"}, {"service.version", "1.10"}});
    CHECK(agent.description.non_identifying_attributes == settings::TextMap{{"rack", "7"}});
}

TEST_CASE("all of the server", "[settings][values]") {
    const settings::Server server = server_with(
        "  headers:\n"
        "    Authorization: Bearer a, b\n"
        "    X-Team: [one, 2]\n"
        "    X-Empty:\n"
        "  heartbeat_interval: 5s\n"
        "  reconnect: {initial_interval: 1s, max_interval: 10s}\n"
        "  tls:\n"
        "    ca_file: ca.pem\n"
        "    include_system_ca_certs_pool: true\n"
        "    cert_file: ./client.pem\n"
        "    key_file: /srv/client.key\n"
        "    min_version: 1.3\n"
        "    max_version: \"1.3\"\n"
        "    server_name_override: opamp.example.com\n"
        "    insecure_skip_verify: true\n");
    CHECK(server.headers ==
          settings::Headers{{"Authorization", "Bearer a, b"}, {"X-Team", "one"}, {"X-Team", "2"}, {"X-Empty", ""}});
    CHECK(server.heartbeat_interval == 5s);
    CHECK(server.reconnect.initial_interval == 1s);
    CHECK(server.reconnect.max_interval == 10s);
    CHECK(server.tls.ca_file == "/srv/ca.pem");
    CHECK(server.tls.include_system_ca_certs_pool);
    CHECK(server.tls.cert_file == "/srv/client.pem");
    CHECK(server.tls.key_file == "/srv/client.key");
    CHECK(server.tls.min_version == "1.3");
    CHECK(server.tls.max_version == "1.3");
    CHECK(server.tls.server_name_override == "opamp.example.com");
    CHECK(server.tls.insecure_skip_verify);
}

TEST_CASE("endpoints that are good", "[settings][values]") {
    const std::string url = GENERATE("ws://a", "WSS://a.example.com/", "ws://[::1]:4320/v1/opamp",
                                     "wss://a:65535/x?token=y", "ws://127.0.0.1:1");
    CAPTURE(url);
    CHECK(parsed("agent: {executable: ./demo-service}\nserver:\n  endpoint: " + url + "\n").server.endpoint == url);
}

TEST_CASE("several agents have the names and the order of the file", "[settings][values]") {
    const auto settings = parsed(
        "server: {endpoint: ws://a}\n"
        "agents:\n"
        "  web.1: {executable: ./demo-service, stop_timeout: 3s}\n"
        "  agent: {executable: otelcol, config_path: otel.yaml}\n");
    REQUIRE(settings.agents.size() == 2);
    CHECK(settings.agents[0].name == "web.1");
    CHECK(settings.agents[0].stop_timeout == 3s);
    CHECK(settings.agents[1].name == "agent");
    CHECK(settings.agents[1].executable == "/usr/bin/otelcol");
    CHECK(settings.agents[1].stop_timeout == 30s);  // of the preset that its program has
}

TEST_CASE("agents can share keys through anchors", "[settings][values]") {
    const auto settings = parsed(
        "server: {endpoint: ws://a}\n"
        "agents:\n"
        "  one: &base\n"
        "    executable: ./demo-service\n"
        "    config_path: one.yaml\n"
        "    stop_timeout: 3s\n"
        "  two:\n"
        "    config_path: two.yaml\n"
        "    <<: *base\n");
    REQUIRE(settings.agents.size() == 2);
    CHECK(settings.agents[1].executable == "/srv/demo-service");
    CHECK(settings.agents[1].config_path == "/srv/two.yaml");
    CHECK(settings.agents[1].stop_timeout == 3s);
}

TEST_CASE("the log goes to streams and files, under either key", "[settings][values]") {
    const std::string rest = "server: {endpoint: ws://a}\nagent: {executable: ./demo-service}\n";
    const auto logs =
        parsed(rest +
               "telemetry: {logs: {level: warn, format: json, outputs: [stdout, /var/log/opampd.log, own.log]}}\n")
            .logs;
    CHECK(logs.level == base::log::Level::warning);
    CHECK(logs.format == base::log::Format::json);
    CHECK(logs.outputs == Texts{"stdout", "/var/log/opampd.log", "/srv/own.log"});
    CHECK(parsed(rest + "telemetry: {logs: {output_paths: [stdout]}}\n").logs.outputs == Texts{"stdout"});
}

TEST_CASE("a capability that is not there yet may be switched off", "[settings][values]") {
    const auto settings = parsed(
        "server: {endpoint: ws://a}\nagent: {executable: ./demo-service}\n"
        "capabilities: {accepts_remote_config: false, reports_own_metrics: false}\n");
    CHECK_FALSE(settings.capabilities.accepts_remote_config);
    CHECK_FALSE(settings.capabilities.reports_own_metrics);
}

TEST_CASE("commands of an agent are read, each capability's its own", "[settings][values][custom]") {
    const Agent agent = agent_with(
        "  custom_capabilities:\n"
        "    com.example.a/1.0: {command: [bin/agent, -x], timeout: 2s, max_output: 64KiB}\n"
        "    com.example.b: {command: otelcol}\n"
        "  available_components: {command: [./demo-service, list], timeout: 3s}\n");
    REQUIRE(agent.custom_capabilities.size() == 2);
    const settings::CustomCapability& a = agent.custom_capabilities.at("com.example.a/1.0");
    CHECK(a.command == Texts{"/srv/bin/agent", "-x"});
    CHECK(a.timeout == 2s);
    CHECK(a.max_output == 64u << 10);
    const settings::CustomCapability& b = agent.custom_capabilities.at("com.example.b");
    CHECK(b.command == Texts{"/usr/bin/otelcol"});
    CHECK(b.timeout == 10s);
    CHECK(b.max_output == 1u << 20);
    CHECK(agent.available_components.command == Texts{"/srv/demo-service", "list"});
    CHECK(agent.available_components.timeout == 3s);
}

TEST_CASE("credentials for the server are read", "[settings][values][auth]") {
    CHECK(server_with("  auth: {bearer_token_file: token}\n").auth.bearer_token_file == "/srv/token");
    const settings::OAuth2 oauth2 = server_with(
                                        "  auth:\n"
                                        "    oauth2:\n"
                                        "      token_url: https://login/t\n"
                                        "      client_id: me\n"
                                        "      client_secret_file: token\n"
                                        "      scopes: [a, b]\n"
                                        "      endpoint_params: {audience: x}\n")
                                        .auth.oauth2;
    CHECK(oauth2.token_url == "https://login/t");
    CHECK(oauth2.client_id == "me");
    CHECK(oauth2.client_secret_file == "/srv/token");
    CHECK(oauth2.scopes == Texts{"a", "b"});
    CHECK(oauth2.endpoint_params == settings::TextMap{{"audience", "x"}});
}
