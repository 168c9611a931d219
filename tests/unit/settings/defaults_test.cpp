#include <catch2/catch.hpp>

#include "settings/load.hpp"
#include "unit/settings/fake_environment.hpp"

using namespace std::chrono_literals;
using settings::Settings;

namespace {

constexpr const char* kMinimal =
    "server:\n  endpoint: ws://127.0.0.1:4320/v1/opamp\nagent:\n  executable: ./demo-service\n";

Settings parsed(const std::string& yaml, const FakeEnvironment& environment = {}) {
    auto loaded = settings::parse(yaml, environment, "opampd.yaml");
    for (const auto& problem : loaded.problems) FAIL_CHECK(settings::to_text(problem, "opampd.yaml"));
    return loaded.settings;
}

}  // namespace

TEST_CASE("the smallest file starts one agent with its effective config beside it", "[settings][defaults]") {
    const Settings settings = parsed(kMinimal);
    CHECK(settings.file == "opampd.yaml");
    REQUIRE(settings.agents.size() == 1);
    const settings::Agent& agent = settings.agents[0];
    CHECK(agent.name == "agent");
    CHECK(agent.executable == "/srv/demo-service");
    CHECK(agent.args == std::vector<std::string>{"--config", "{config}"});
    CHECK(agent.env.empty());
    CHECK(agent.working_directory == "/srv");
    CHECK(agent.config_files.empty());
    CHECK(agent.config_path == "/srv/effective.yaml");
    CHECK(agent.config_format == settings::ConfigFormat::automatic);
    CHECK(agent.stop_signal == SIGTERM);
    CHECK(agent.stop_timeout == 10s);
    CHECK(agent.config_apply_timeout == 5s);
    CHECK(agent.min_uptime == 1s);
    CHECK(agent.restart.initial_backoff == 1s);
    CHECK(agent.restart.max_backoff == 60s);
    CHECK(agent.restart.reset_after == 60s);
    CHECK(agent.health.type == settings::ProbeType::process);
    CHECK(agent.health.endpoint.empty());
    CHECK(agent.health.interval == 10s);
    CHECK(agent.health.timeout == 1s);
    CHECK(agent.description.identifying_attributes.empty());
    CHECK(agent.description.non_identifying_attributes.empty());
    CHECK(agent.instance_id.empty());
}

TEST_CASE("the server's defaults", "[settings][defaults]") {
    const settings::Server server = parsed(kMinimal).server;
    CHECK(server.endpoint == "ws://127.0.0.1:4320/v1/opamp");
    CHECK(server.headers.empty());
    CHECK(server.heartbeat_interval == 30s);
    CHECK(server.reconnect.initial_interval == 500ms);
    CHECK(server.reconnect.max_interval == 60s);
    CHECK(server.tls.ca_file.empty());
    CHECK(server.tls.ca_pem.empty());
    CHECK(server.tls.cert_file.empty());
    CHECK(server.tls.key_file.empty());
    CHECK(server.tls.min_version == "1.2");
    CHECK(server.tls.max_version.empty());
    CHECK(server.tls.server_name_override.empty());
    CHECK_FALSE(server.tls.include_system_ca_certs_pool);
    CHECK_FALSE(server.tls.insecure_skip_verify);
}

TEST_CASE("by default the server may configure and restart, and sees what becomes of it", "[settings][defaults]") {
    const settings::Capabilities capabilities = parsed(kMinimal).capabilities;
    CHECK(capabilities.accepts_remote_config);
    CHECK(capabilities.reports_effective_config);
    CHECK(capabilities.reports_health);
    CHECK(capabilities.reports_remote_config);
    CHECK(capabilities.reports_heartbeat);
    CHECK(capabilities.accepts_restart_command);
    CHECK(capabilities.reports_own_traces);
    CHECK(capabilities.reports_own_metrics);
    CHECK(capabilities.reports_own_logs);
    CHECK_FALSE(capabilities.accepts_opamp_connection_settings);
    CHECK(capabilities.reports_available_components);
}

TEST_CASE("the log's defaults", "[settings][defaults]") {
    const settings::Logs logs = parsed(kMinimal).logs;
    CHECK(logs.level == base::log::Level::info);
    CHECK(logs.format == base::log::Format::logfmt);
    CHECK(logs.outputs == std::vector<std::string>{"stderr"});
}

TEST_CASE("metrics are sent every ten seconds by default [TLM-6]", "[settings][defaults]") {
    CHECK(parsed(kMinimal).telemetry.metrics.interval == 10s);
}

TEST_CASE("state goes where the system wants it", "[settings][defaults]") {
    FakeEnvironment environment;
    const auto directory = [&] { return parsed(kMinimal, environment).storage.directory; };
    CHECK(directory() == "/home/op/.local/state/opampd");
    environment.variables["XDG_STATE_HOME"] = "relative/is/ignored";
    CHECK(directory() == "/home/op/.local/state/opampd");
    environment.variables["XDG_STATE_HOME"] = "/home/op/state";
    CHECK(directory() == "/home/op/state/opampd");
    environment.root = true;
    CHECK(directory() == "/var/lib/opampd");
    environment.variables["STATE_DIRECTORY"] = "";
    CHECK(directory() == "/var/lib/opampd");
    environment.variables["STATE_DIRECTORY"] = "/var/lib/one:/var/lib/two";
    CHECK(directory() == "/var/lib/one");
    environment.variables["STATE_DIRECTORY"] = "state";
    CHECK(directory() == "/srv/state");
    CHECK(parsed(std::string(kMinimal) + "storage: {directory: ./mine}\n", environment).storage.directory ==
          "/srv/mine");
}

TEST_CASE("opampctl is listened to in the folder for sockets, else beside the state", "[settings][defaults]") {
    FakeEnvironment environment;
    const auto control = [&](const std::string& more) { return parsed(kMinimal + more, environment).control; };
    CHECK(control("").socket == "/home/op/.local/state/opampd/control.sock");
    CHECK(control("").group == "");
    CHECK(control("storage: {directory: ./mine}\n").socket == "/srv/mine/control.sock");
    environment.variables["RUNTIME_DIRECTORY"] = "/run/opampd:/run/other";
    CHECK(control("").socket == "/run/opampd/control.sock");
    CHECK(control("storage: {directory: ./mine}\n").socket == "/run/opampd/control.sock");
    CHECK(control("control: {socket: s, group: operators}\n").socket == "/srv/s");
    CHECK(control("control: {socket: s, group: operators}\n").group == "operators");
}

TEST_CASE("the configs of the past are limited by default", "[settings][defaults]") {
    const settings::Agent agent = parsed(kMinimal).agents[0];
    CHECK(agent.config_history.max_revisions == 20);
    CHECK(agent.config_history.max_age == 90 * 24h);
}

TEST_CASE("without a home folder the state's folder must be given", "[settings][defaults]") {
    FakeEnvironment environment;
    environment.home_folder.clear();
    const auto problems = settings::parse(kMinimal, environment, "a.yaml").problems;
    REQUIRE(problems.size() == 1);
    CHECK(settings::to_text(problems[0], "a.yaml") ==
          "a.yaml:1: storage.directory: is missing, and this user has no home folder (give a folder to keep state in)");
}
