#include "settings/describe.hpp"

#include <catch2/catch.hpp>

#include "settings/load.hpp"
#include "unit/settings/fake_environment.hpp"

namespace {

std::string described(const std::string& yaml) {
    FakeEnvironment environment;
    environment.variables["TOKEN"] = "s3cret";
    const auto loaded = settings::parse(yaml, environment, "opampd.yaml");
    for (const auto& problem : loaded.problems) FAIL_CHECK(settings::to_text(problem, "opampd.yaml"));
    return settings::describe(loaded.settings);
}

}  // namespace

TEST_CASE("the smallest file in words", "[settings][describe]") {
    CHECK(described("server: {endpoint: ws://127.0.0.1:4320/v1/opamp}\nagent: {executable: ./demo-service}\n") ==
          "server      ws://127.0.0.1:4320/v1/opamp\n"
          "log         stderr, logfmt, from info\n"
          "control     /home/op/.local/state/opampd/control.sock\n"
          "agent       agent\n"
          "  runs      /srv/demo-service --config /srv/effective.yaml\n"
          "  in        /srv\n"
          "  config    /srv/effective.yaml (auto), from the server\n"
          "  applied   by a restart\n"
          "  healthy   once alive for 1s, within 5s for a new config\n"
          "  stop      SIGTERM, SIGKILL after 10s\n"
          "  restart   at once, then after 1s to 1m\n"
          "  prints to /home/op/.local/state/opampd/agent/agent.log\n"
          "  state     /home/op/.local/state/opampd/agent\n");
}

TEST_CASE("secrets are not in the words", "[settings][describe][secrets]") {
    const std::string text = described(
        "server:\n"
        "  endpoint: wss://a/v1/opamp?token=s3cret\n"
        "  headers: {Authorization: \"Bearer ${TOKEN}\", X-Team: [s3cret, s3cret]}\n"
        "  tls: {insecure_skip_verify: true}\n"
        "capabilities: {accepts_remote_config: false}\n"
        "agents:\n"
        "  web:\n"
        "    executable: ./demo-service\n"
        "    args: [--token, \"${TOKEN}\", --config, \"{config}\", --id, \"{instance_uid}\", \"two words\"]\n"
        "    env: {TOKEN: s3cret}\n"
        "    config_files: [base.yaml, more.yaml]\n"
        "    health: {type: http, endpoint: \"http://127.0.0.1:8080/healthz?key=s3cret\"}\n");
    CHECK(text ==
          "server      wss://a/v1/opamp?…, with header Authorization, X-Team, certificate NOT verified\n"
          "log         stderr, logfmt, from info\n"
          "control     /home/op/.local/state/opampd/control.sock\n"
          "agent       web\n"
          "  runs      /srv/demo-service --token \"${TOKEN}\" --config /srv/effective.yaml --id \"{instance_uid}\" "
          "\"two words\"\n"
          "  in        /srv\n"
          "  config    /srv/effective.yaml (auto), from /srv/base.yaml, /srv/more.yaml\n"
          "  applied   by a restart\n"
          "  healthy   http://127.0.0.1:8080/healthz?… every 10s, within 5s for a new config\n"
          "  stop      SIGTERM, SIGKILL after 10s\n"
          "  restart   at once, then after 1s to 1m\n"
          "  prints to /home/op/.local/state/opampd/web/agent.log\n"
          "  state     /home/op/.local/state/opampd/web\n");
}

TEST_CASE("a stop of several signals and a restart policy in words", "[settings][describe]") {
    const std::string text = described(
        "server: {endpoint: ws://a}\n"
        "agent: {executable: ./demo-service, stop_sequence: [SIGINT 5s, SIGTERM 7s], restart: {policy: on-failure}}\n");
    CHECK(text.find("  stop      SIGINT, SIGTERM after 5s, SIGKILL after 7s\n"
                    "  restart   unless it ends with exit code 0, at once, then after 1s to 1m\n") !=
          std::string::npos);
    CHECK(described("server: {endpoint: ws://a}\nagent: {executable: ./demo-service, restart: {policy: never}}\n")
              .find("  restart   never\n") != std::string::npos);
}

TEST_CASE("what is done around a config in words, without secrets", "[settings][describe][secrets]") {
    const std::string text = described(
        "server: {endpoint: ws://a}\n"
        "agent:\n"
        "  executable: ./demo-service\n"
        "  config_check: {command: [otelcol, s3cret]}\n"
        "  reload: {signal: SIGHUP, confirm: {url: \"http://127.0.0.1:1/x?key=s3cret\"}}\n"
        "  pre_start: {command: [./bin/agent, s3cret]}\n"
        "  post_stop: {command: [./bin/agent, s3cret]}\n"
        "  version: {command: [otelcol, s3cret]}\n"
        "  output: {destination: log}\n");
    CHECK(text.find("s3cret") == std::string::npos);
    CHECK(text.find("  checked by /usr/bin/otelcol\n"
                    "  applied   by SIGHUP, seen by what http://127.0.0.1:1/x?… answers, within 2s, else by a restart\n"
                    "  pre_start /srv/bin/agent\n"
                    "  post_stop /srv/bin/agent\n") != std::string::npos);
    CHECK(text.find("  version   what /usr/bin/otelcol says\n"
                    "  prints to opampd's own log, events agent.output with agent=agent\n") != std::string::npos);
}

TEST_CASE("an agent without any source of config is told so", "[settings][describe]") {
    CHECK(described("server: {endpoint: ws://a}\nagent: {executable: ./demo-service}\ncapabilities: "
                    "{accepts_remote_config: false}\n")
              .find("from nothing: no config_files, and no remote config accepted\n") != std::string::npos);
}

TEST_CASE("credentials and commands in words, without secrets", "[settings][describe][secrets]") {
    const std::string text = described(
        "server:\n"
        "  endpoint: wss://a/v1/opamp\n"
        "  auth:\n"
        "    oauth2:\n"
        "      token_url: https://login/t?key=s3cret\n"
        "      client_id: me\n"
        "      client_secret: ${TOKEN}\n"
        "      endpoint_params: {key: s3cret}\n"
        "agent:\n"
        "  executable: ./demo-service\n"
        "  custom_capabilities: {com.example.a/1.0: {command: [./bin/agent, s3cret]}, com.example.b: {command: "
        "otelcol}}\n"
        "  available_components: {command: [otelcol, s3cret]}\n");
    CHECK(text.find("s3cret") == std::string::npos);
    CHECK(text.starts_with("server      wss://a/v1/opamp, with a token of https://login/t?…\n"));
    CHECK(text.find("  answers   com.example.a/1.0, com.example.b\n  made of   what /usr/bin/otelcol says\n") !=
          std::string::npos);
    CHECK(described("server: {endpoint: wss://a, auth: {bearer_token_file: token}}\nagent: {executable: ./bin/agent}\n")
              .starts_with("server      wss://a, with the token of /srv/token\n"));
}
