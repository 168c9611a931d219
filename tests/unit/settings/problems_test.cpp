// Keys and sections that are missing, unknown, or do not go together.
#include "unit/settings/problem_rows.hpp"

using namespace problem_rows;

TEST_CASE("a file that is no map of sections is told what to become", "[settings][problems]") {
    check_rows({
        {"empty", "", {"1: the file is empty (it needs at least server.endpoint and agent.executable)"}},
        {"only comments",
         "# nothing\n",
         {"1: the file is empty (it needs at least server.endpoint and agent.executable)"}},
        {"a text",
         "hello",
         {"1: the file is not a map (write the sections server: and agent:, with their keys below)"}},
        {"a list",
         "\n- a\n",
         {"2: the file is not a map (write the sections server: and agent:, with their keys below)"}},
        {"broken YAML", "server:\n  endpoint: [\n", {"3: not valid YAML: end of sequence flow not found"}},
        {"a tab",
         "server:\n\tendpoint: x\n",
         {"2: not valid YAML: illegal map value (indent with spaces, not with tabs)"}},
        {"an alias without anchor", "server: *x\n", {"1: not valid YAML: the referenced anchor is not defined"}},
        {"two documents", kAgent + "---\na: 1\n", {"6: a second YAML document starts here (keep one)"}},
        {"a key that is a list", kAgent + "? [a]\n: b\n", {"5: has a key that is not text (write NAME: VALUE)"}},
    });
}

TEST_CASE("missing keys are named, at the section that lacks them", "[settings][problems]") {
    const std::string no_executable = "agent.executable: is missing (give the agent's program)";
    const std::string no_endpoint =
        "server.endpoint: is missing (give the OpAMP server's URL: ws://HOST:PORT/PATH or wss://…)";
    const std::string no_agent = "agent: is missing (write agent: with an executable below it, or agents: for several)";
    check_rows({
        {"no section", "storage: {directory: /x}\n", {"1: " + no_endpoint, "1: " + no_agent}},
        {"empty sections", "storage:\nserver:\nagent:\n", {"2: " + no_endpoint, "3: " + no_executable}},
        {"null keys", "server:\n  endpoint:\nagent:\n  executable: ~\n", {"2: " + no_endpoint, "4: " + no_executable}},
        {"agents without keys",
         "server: {endpoint: ws://a}\nagents:\n  web:\n",
         {"3: agents.web." + no_executable.substr(6)}},
        {"no agents",
         "server: {endpoint: ws://a}\nagents: {}\n",
         {"2: agents: has no agents (write NAME: below it, and an executable below that)"}},
        {"null agents",
         "server: {endpoint: ws://a}\nagents:\n",
         {"2: agents: has no agents (write NAME: below it, and an executable below that)"}},
        {"both forms",
         kAgent + "agents:\n  b: {executable: ./demo-service, config_path: b.yaml}\n",
         {"5: agents: is given together with agent (keep one of them)"}},
    });
}

TEST_CASE("an unknown key is offered the nearest known one", "[settings][problems]") {
    check_rows({
        agent_row("a typo", "  stop_timout: 3s\n",
                  {"5: agent.stop_timout: is not a key of opampd (did you mean stop_timeout?)"}),
        agent_row("swapped letters", "  agrs: []\n", {"5: agent.agrs: is not a key of opampd (did you mean args?)"}),
        agent_row("a wrong case", "  Args: []\n", {"5: agent.Args: is not a key of opampd (did you mean args?)"}),
        agent_row("a section's typo", "storrage: {directory: /x}\n",
                  {"5: storrage: is not a key of opampd (did you mean storage?)"}),
        agent_row("a key in the wrong section", "storage: {stop_timeout: 3s}\n",
                  {"5: storage.stop_timeout: is not a key of opampd (did you mean agent.stop_timeout?)"}),
        agent_row("a section in the wrong place", "tls: {}\n",
                  {"5: tls: is not a key of opampd (did you mean server.tls?)"}),
        agent_row("a key with its section in front", "agent.stop_timeout: 3s\n",
                  {"5: agent.stop_timeout: is not a key of opampd (write the section, and its keys indented below it, "
                   "without dots)"}),
        agent_row(
            "a key without a name", "\"\": {storage: {directory: /x}}\n",
            {"5: is not a key of opampd (known here: server, agents, agent, capabilities, presets, storage, control, "
             "telemetry, healthcheck)"}),
        agent_row("nothing like it", "storage: {zzz: 3s}\n",
                  {"5: storage.zzz: is not a key of opampd (known here: directory, runtime_directory)"}),
        {"in one of several agents",
         "server: {endpoint: ws://a}\nagents:\n  a:\n    executable: ./demo-service\n    restart: {max_backof: 1s}\n",
         {"5: agents.a.restart.max_backof: is not a key of opampd (did you mean max_backoff?)"}},
    });
}

TEST_CASE("a key that is given twice is a mistake", "[settings][problems]") {
    check_rows({
        agent_row("a key", "  stop_timeout: 1s\n  stop_timeout: 2s\n",
                  {"6: agent.stop_timeout: is given twice, first on line 5 (keep one)"}),
        agent_row("a section", "server:\n  endpoint: ws://b\n",
                  {"5: server: is given twice, first on line 1 (keep one)"}),
        agent_row("a variable", "  env:\n    A: 1\n    A: 2\n",
                  {"7: agent.env.A: is given twice, first on line 6 (keep one)"}),
        agent_row("logs' outputs under both names",
                  "telemetry:\n  logs:\n    outputs: stdout\n    output_paths: [stderr]\n",
                  {"8: telemetry.logs.output_paths: is given together with telemetry.logs.outputs (keep one)"}),
    });
}

TEST_CASE("a health probe knows whom to ask", "[settings][problems]") {
    check_rows({
        agent_row("no endpoint", "  health:\n    type: http\n",
                  {"5: agent.health.endpoint: is missing (type http needs the URL to ask, such as "
                   "http://127.0.0.1:8080/healthz)"}),
        agent_row("an endpoint for nothing", "  health:\n    endpoint: http://a/\n",
                  {"6: agent.health.endpoint: is never asked with health.type process (write type: http, or "
                   "remove the endpoint)"}),
        agent_row("a WebSocket", "  health: {type: http, endpoint: ws://a/}\n",
                  {"5: agent.health.endpoint: 'ws://a/' does not begin with http:// or https:// (write "
                   "http://127.0.0.1:PORT/PATH)"}),
        agent_row("an unknown type", "  health: {type: tcp, endpoint: http://a}\n",
                  {"5: agent.health.type: 'tcp' is not known here (write process or http)"}),
    });
}

TEST_CASE("several agents do not get in each other's way", "[settings][problems]") {
    const std::string head = "server: {endpoint: ws://a}\nagents:\n";
    const std::string same = "names the same file as agents.a.config_path (give another one)";
    check_rows({
        {"the default path twice",
         head + "  a: {executable: ./demo-service}\n  b: {executable: "
                "./demo-service}\n",
         {"4: agents.b.config_path: " + same}},
        {"one path in two spellings",
         head + "  a: {executable: ./demo-service, config_path: "
                "data/./x.yaml}\n  b: {executable: ./demo-service, "
                "working_directory: data, config_path: ../data/x.yaml}\n",
         {"4: agents.b.config_path: " + same}},
        {"three of them",
         head + "  a: {executable: ./demo-service}\n  b: {executable: "
                "./demo-service}\n  c: {executable: "
                "./demo-service}\n",
         {"4: agents.b.config_path: " + same, "5: agents.c.config_path: " + same}},
        {"one identity twice",
         head + "  a: {executable: ./demo-service, instance_id: "
                "01890a5d-ac96-774b-bcce-b302099a8057}\n"
                "  b: {executable: ./demo-service, config_path: b.yaml, "
                "instance_id: 01890A5DAC96774BBCCEB302099A8057}\n",
         {"4: agents.b.instance_id: is the same as agents.a.instance_id "
          "(give another one)"}},
        {"the name of the lock file",
         head + "  lock: {executable: ./demo-service}\n",
         {"3: agents.lock: is the name of a file that opampd keeps beside the agents' folders (give another one)"}},
        {"bad names",
         head + "  .a: {executable: ./demo-service}\n  b/c: {executable: "
                "./demo-service, config_path: b.yaml}\n",
         {"3: agents..a: is not a name for an agent (letters, digits, '.', "
          "'_' and '-', no dot in front, at most 64)",
          "4: agents.b/c: is not a name for an agent (letters, digits, "
          "'.', '_' and '-', no dot in front, at most "
          "64)"}},
    });
}

TEST_CASE("two agents that reach one file through a symbolic link share it", "[settings][problems]") {
    FakeEnvironment environment;
    environment.folders.insert("/srv/link");
    environment.links.insert("/srv/link");
    CHECK(problems_of("server: {endpoint: ws://a}\nagents:\n  a: {executable: "
                      "./demo-service, working_directory: data}\n"
                      "  b: {executable: ./demo-service, working_directory: link}\n",
                      environment) == Lines{"4: agents.b.config_path: names the same file as "
                                            "agents.a.config_path (give another one)"});
}

TEST_CASE("credentials that contradict or are not whole are told", "[settings][problems][auth]") {
    const std::string oauth2 = "  auth:\n    oauth2: {token_url: https://a/t, client_id: me, client_secret: s3cret}\n";
    CHECK(problems_of(kServer + oauth2) == Lines{});
    check_rows({
        server_row("an empty oauth2", "  auth:\n    oauth2:\n", {}),
        server_row("nothing but scopes", "  auth:\n    oauth2: {scopes: a}\n",
                   {"6: server.auth.oauth2.token_url: is missing (give the URL where tokens are asked for)",
                    "6: server.auth.oauth2.client_id: is missing (give the client's name at the token server)",
                    "6: server.auth.oauth2.client_secret_file: is missing (give the file with the client's password)"}),
        server_row("both secrets", oauth2.substr(0, oauth2.size() - 2) + ", client_secret_file: token}\n",
                   {"6: server.auth.oauth2.client_secret: is given together with client_secret_file (keep one)"}),
        server_row("both kinds", oauth2 + "    bearer_token_file: token\n",
                   {"6: server.auth.oauth2: is given together with server.auth.bearer_token_file (keep one)"}),
        server_row("a header too", oauth2 + "  headers: {aUTHORIZATION: s3cret}\n",
                   {"5: server.auth: is given together with the header Authorization (keep one)"}),
        server_row("a file and a header", "  auth: {bearer_token_file: token}\n  headers: {Authorization: s3cret}\n",
                   {"5: server.auth: is given together with the header Authorization (keep one)"}),
        server_row("no such file", "  auth: {bearer_token_file: gone}\n",
                   {"5: server.auth.bearer_token_file: 'gone' does not exist (relative paths start at opampd's working "
                    "directory)"}),
        server_row(
            "a token server that anybody can listen to",
            "  auth:\n    oauth2: {token_url: http://a/t, client_id: me, client_secret: s3cret}\n",
            {"6: server.auth.oauth2.token_url: 'http://a/t' would send the client's secret readable for everyone "
             "(write https://HOST/PATH)"}),
        server_row("a parameter of ours",
                   oauth2.substr(0, oauth2.size() - 2) + ", endpoint_params: {grant_type: password}}\n",
                   {"6: server.auth.oauth2.endpoint_params.grant_type: is a parameter that opampd sets itself (remove "
                    "it)"}),
    });
    for (const char* host : {"127.0.0.1:8080", "[::1]", "localhost"})
        CHECK(problems_of(kServer + "  auth:\n    oauth2: {token_url: \"http://" + host +
                          "/t\", client_id: me, client_secret: s3cret}\n") == Lines{});
}

TEST_CASE("custom capabilities are named as the specification says [CMSG-5]", "[settings][problems][custom]") {
    const auto named = [](const std::string& name) {
        return problems_of(kAgent + "  custom_capabilities:\n    \"" + name + "\": {command: ./bin/agent}\n");
    };
    for (const char* good : {"com.example.a", "io.opentelemetry.custom-x.y_z/1.0", "COM.Example.a/v2"})
        CHECK(named(good) == Lines{});
    for (const char* bad : {"", "a", "example.a", "com..a", ".com.example.a", "com.example.a.", "com.-x.a", "com.x a.b",
                            "com.example.a/", "com.example.a/1/2", "com.example.a/1 0"}) {
        INFO(bad);
        CHECK(named(bad).size() == 1);
    }
}

TEST_CASE("commands of an agent that cannot be run are told", "[settings][problems][custom]") {
    const std::string capability = "  custom_capabilities:\n    com.example.a/1.0:\n      ";
    const std::string key = "agent.custom_capabilities.com.example.a/1.0";
    check_rows({
        agent_row(
            "no command", "  custom_capabilities: {com.example.a/1.0: {timeout: 1s}}\n",
            {"5: " + key +
             ".command: is missing (give the program and its arguments, with placeholders, for every message of the "
             "capability, whatever its type)"}),
        agent_row("no program", capability + "command: [./gone, s3cret]\n",
                  {"7: " + key + ".command: the program does not exist (give the path of a program)"}),
        agent_row("an unknown key", capability + "command: ./bin/agent\n      max_outputs: 1\n",
                  {"8: " + key + ".max_outputs: is not a key of opampd (did you mean max_output?)"}),
        agent_row("too much output", capability + "command: ./bin/agent\n      max_output: 1GiB\n",
                  {"8: " + key + ".max_output: '1GiB' is not between 1 and 16MiB"}),
        agent_row("no size", capability + "command: ./bin/agent\n      max_output: much\n",
                  {"8: " + key + ".max_output: 'much' is not a size (write 64KiB, 16MiB or a number of bytes)"}),
        agent_row("not a map", "  custom_capabilities: [a]\n",
                  {"5: agent.custom_capabilities: is not a map (write the keys of this section below it, indented)"}),
        agent_row("components without a command", "  available_components: {timeout: 1s}\n",
                  {"5: agent.available_components: has no command (give the program that lists the components)"}),
        agent_row("components without a program", "  available_components: {command: ./gone}\n",
                  {"5: agent.available_components.command: the program does not exist (give the path of a program)"}),
    });
}
