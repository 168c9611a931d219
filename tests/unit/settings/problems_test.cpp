#include <catch2/catch.hpp>
#include <random>

#include "settings/load.hpp"
#include "unit/settings/fake_environment.hpp"

using namespace std::string_literals;

namespace {

using Lines = std::vector<std::string>;

struct Row {
    const char* name;
    std::string yaml;
    Lines problems;  ///< Without "opampd.yaml:" in front.
};

Lines problems_of(const std::string& yaml, const FakeEnvironment& environment = {}) {
    Lines lines;
    for (const auto& problem : settings::parse(yaml, environment, "opampd.yaml").problems)
        lines.push_back(settings::to_text(problem, "").substr(1));
    return lines;
}

/// A good file whose last section is the agent, so that keys of the agent can follow from line 5 on.
const std::string kAgent = "server:\n  endpoint: ws://localhost:4320/v1/opamp\nagent:\n  executable: ./demo-service\n";
/// A good file whose last section is the server, so that keys of the server can follow from line 5 on.
const std::string kServer =
    "agent:\n  executable: ./demo-service\nserver:\n  endpoint: wss://localhost:4320/v1/opamp\n";

Row agent_row(const char* name, const std::string& keys, Lines problems) {
    return {name, kAgent + keys, std::move(problems)};
}
Row server_row(const char* name, const std::string& keys, Lines problems) {
    return {name, kServer + keys, std::move(problems)};
}
Row endpoint_row(const char* name, const std::string& url, const std::string& problem) {
    return {name,
            "agent: {executable: ./demo-service}\nserver:\n  endpoint: " + url + "\n",
            {"3: server.endpoint: " + problem}};
}
Row executable_row(const char* name, const std::string& path, const std::string& problem) {
    return {name,
            "server: {endpoint: ws://localhost}\nagent:\n  executable: " + path + "\n",
            {"3: agent.executable: " + problem}};
}

void check_rows(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        INFO(row.name);
        CHECK(problems_of(row.yaml) == row.problems);
    }
}

}  // namespace

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
             "telemetry)"}),
        agent_row("nothing like it", "storage: {zzz: 3s}\n",
                  {"5: storage.zzz: is not a key of opampd (known here: directory)"}),
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

TEST_CASE("a value of the wrong type is told the right one", "[settings][problems]") {
    check_rows({
        agent_row("a number as duration", "  stop_timeout: 10\n",
                  {"5: agent.stop_timeout: '10' is not a duration (write 500ms, 10s or 5m)"}),
        agent_row("a list as duration", "  stop_timeout: [1s]\n",
                  {"5: agent.stop_timeout: is a list, but must be a duration, such as 10s"}),
        agent_row("a map as path", "  config_path: {a: b}\n", {"5: agent.config_path: is a map, but must be a path"}),
        agent_row("a bare placeholder", "  args: [--config, {config}]\n",
                  {"5: agent.args: is a map (put braces in quotes: \"{config}\")"}),
        agent_row("an empty item", "  args:\n    - a\n    -\n",
                  {"5: agent.args: has an empty item (remove it, or write \"\")"}),
        agent_row("a map as list", "  args: {a: b}\n", {"5: agent.args: is a map, but must be a list"}),
        agent_row("a list in a list", "  args: [[a]]\n", {"5: agent.args: is a list, but must be text"}),
        agent_row("a text as map", "  description: {identifying_attributes: x}\n",
                  {"5: agent.description.identifying_attributes: is text, but must be a map (write NAME: VALUE)"}),
        agent_row("a map as attribute", "  description:\n    identifying_attributes:\n      a: {b: c}\n",
                  {"7: agent.description.identifying_attributes.a: is a map, but must be text"}),
        agent_row("a text as section", "  restart: 5s\n",
                  {"5: agent.restart: is not a map (write the keys of this section below it, indented)"}),
        agent_row("yes as bool", "capabilities: {reports_health: yes}\n",
                  {"5: capabilities.reports_health: 'yes' is not true or false (write one of the two)"}),
        agent_row("an unknown choice", "  config_format: json\n",
                  {"5: agent.config_format: 'json' is not known here (write auto, yaml or raw)"}),
        agent_row("an unknown level", "telemetry: {logs: {level: loud}}\n",
                  {"5: telemetry.logs.level: 'loud' is not known here (write debug, info, warning or error)"}),
        agent_row("a bad signal", "  stop_signal: SIGFOO\n",
                  {"5: agent.stop_signal: 'SIGFOO' is not a signal (write a name such as SIGTERM, or its number)"}),
        agent_row(
            "no UUID", "  instance_id: 12-34\n",
            {"5: agent.instance_id: '12-34' is not a UUID (write one like 01890a5d-ac96-774b-bcce-b302099a8057, or "
             "leave the key out)"}),
        {"a list of agents",
         "server: {endpoint: ws://a}\nagents: [a]\n",
         {"2: agents: is not a map (write the keys of this section below it, indented)"}},
        {"a list as agent",
         "server: {endpoint: ws://a}\nagent: [a]\n",
         {"2: agent: is not a map (write the keys of this section below it, indented)"}},
    });
}

TEST_CASE("a value out of range is told the range", "[settings][problems]") {
    check_rows({
        agent_row("no time", "  stop_timeout: 0s\n", {"5: agent.stop_timeout: '0s' is too short (at least 1ms)"}),
        agent_row("centuries", "  stop_timeout: 9000h\n",
                  {"5: agent.stop_timeout: '9000h' is too long (at most 8760h)"}),
        server_row("a heartbeat that spins", "  heartbeat_interval: 1ms\n",
                   {"5: server.heartbeat_interval: '1ms' is too short (at least 100ms)"}),
        agent_row("a signal that suspends", "  stop_signal: STOP\n",
                  {"5: agent.stop_signal: 'STOP' suspends a process instead of ending it (write SIGTERM, SIGINT or "
                   "SIGQUIT)"}),
        agent_row("back-off above its own end", "  restart:\n    initial_backoff: 2m\n",
                  {"6: agent.restart.initial_backoff: is longer than agent.restart.max_backoff, which is 1m by default "
                   "(change one of them)"}),
        agent_row("a back-off's end below its start", "  restart:\n    max_backoff: 10ms\n",
                  {"6: agent.restart.max_backoff: is shorter than agent.restart.initial_backoff, which is 1s by "
                   "default (change one of them)"}),
        agent_row("both of them", "  restart:\n    max_backoff: 10ms\n    initial_backoff: 20ms\n",
                  {"7: agent.restart.initial_backoff: is longer than agent.restart.max_backoff (change one of them)"}),
        agent_row("never alive for long enough", "  min_uptime: 10s\n",
                  {"5: agent.min_uptime: is longer than agent.config_apply_timeout, which is 5s by default (change one "
                   "of them)"}),
        server_row("reconnects", "  reconnect: {initial_interval: 2m}\n",
                   {"5: server.reconnect.initial_interval: is longer than server.reconnect.max_interval, which is 1m "
                    "by default (change one of them)"}),
        agent_row("a capability that is not there yet", "capabilities: {reports_own_traces: true}\n",
                  {"5: capabilities.reports_own_traces: 'true' is not supported by this version (leave the key out, or "
                   "write false)"}),
    });
}

TEST_CASE("the endpoint is a WebSocket URL with a host", "[settings][problems]") {
    check_rows({
        endpoint_row("no scheme", "localhost:4320/v1/opamp",
                     "'localhost:4320/v1/opamp' does not begin with a scheme (write ws://HOST:PORT/v1/opamp)"),
        endpoint_row(
            "a foreign scheme", "ftp://a/b",
            "'ftp://a/b' does not begin with ws://, wss://, http:// or https:// (write ws://HOST:PORT/v1/opamp)"),
        endpoint_row("no host", "ws:///v1/opamp", "'ws:///v1/opamp' has no host (write ws://HOST:PORT/v1/opamp)"),
        endpoint_row("a port out of range", "ws://a:65536/",
                     "'ws://a:65536/' has a bad port (write one from 1 to 65535)"),
        endpoint_row("port 0", "ws://a:0/", "'ws://a:0/' has a bad port (write one from 1 to 65535)"),
        endpoint_row("a port of letters", "ws://a:http/", "'ws://a:http/' has a bad port (write one from 1 to 65535)"),
        endpoint_row("a space", "ws://a b/", "'ws://a b/' is not a URL (write ws://HOST:PORT/v1/opamp)"),
        endpoint_row("a password", "ws://me:s3cret@a/",
                     "the value has a user name or password in it (remove it; what the OpAMP server wants goes into "
                     "server.headers)"),
        endpoint_row("a password longer than what is shown", "ws://me:" + std::string(100, 's') + "@a/",
                     "the value has a user name or password in it (remove it; what the OpAMP server wants goes into "
                     "server.headers)"),
        endpoint_row("a password, and no scheme", "me:s3cret@a/",
                     "the value does not begin with a scheme (write ws://HOST:PORT/v1/opamp)"),
        endpoint_row("a fragment", "ws://a/b#c", "'ws://a/b#c' has a fragment, '#…' (remove it)"),
        endpoint_row("a bad one with a token", "ws://a:0/b?token=s3cret",
                     "'ws://a:0/b' has a bad port (write one from 1 to 65535)"),
    });
}

TEST_CASE("the program must be one", "[settings][problems]") {
    check_rows({
        executable_row("missing", "./gone", "'./gone' does not exist (give the path of a program)"),
        executable_row("a folder", "bin/", "'bin/' is a folder (give the path of a program)"),
        executable_row("a device", "/dev/null", "'/dev/null' is not a regular file (give the path of a program)"),
        executable_row("not executable", "./plain.txt",
                       "'./plain.txt' is not executable by this user (chmod +x, or run opampd as another user)"),
        executable_row("not in PATH", "demo-service",
                       "'demo-service' is not a program in $PATH (for one elsewhere write a path with a slash: "
                       "./NAME or /FOLDER/NAME)"),
        executable_row("empty", "\"\"", "'' is empty (give the path of a program)"),
        executable_row("a NUL", "\"./a\\0b\"", "'./a?b' has a NUL character in it (remove it)"),
    });
}

TEST_CASE("files and folders must be there", "[settings][problems]") {
    check_rows({
        agent_row("no working directory", "  working_directory: gone\n",
                  {"5: agent.working_directory: 'gone' does not exist (create it)"}),
        agent_row("a file as working directory", "  working_directory: plain.txt\n",
                  {"5: agent.working_directory: 'plain.txt' is not a folder"}),
        agent_row(
            "a locked working directory", "  working_directory: locked\n",
            {"5: agent.working_directory: 'locked' cannot be entered by this user (change its mode, or run opampd as "
             "another user)"}),
        agent_row(
            "config files",
            "  config_files:\n    - base.yaml\n    - gone.yaml\n    - /srv/secret.yaml\n    - data\n    - "
            "$REMOTE_CONFIG\n",
            {"7: agent.config_files: 'gone.yaml' does not exist (relative paths start at opampd's working directory)",
             "8: agent.config_files: '/srv/secret.yaml' is not readable by this user (change its mode, or run opampd "
             "as "
             "another user)",
             "9: agent.config_files: 'data' is a folder (give the path of a file)",
             "10: agent.config_files: '$REMOTE_CONFIG' is a special name of opampsupervisor (remove it: the server's "
             "config always comes after config_files)"}),
        agent_row("config path is a folder", "  config_path: data\n",
                  {"5: agent.config_path: is a folder (give the path of the file to write)"}),
        agent_row("config path is a base config", "  config_files: base.yaml\n  config_path: ./base.yaml\n",
                  {"6: agent.config_path: is also in config_files: it would be overwritten (give another path)"}),
        agent_row("config path is the settings file", "  config_path: opampd.yaml\n",
                  {"5: agent.config_path: is the settings file itself: it would be overwritten (give another path)"}),
        agent_row("config path is the program", "  config_path: demo-service\n",
                  {"5: agent.config_path: is the agent's program: it would be overwritten (give another path)"}),
        agent_row("storage is a file", "storage: {directory: plain.txt}\n",
                  {"5: storage.directory: 'plain.txt' is not a folder (give one, or a path that is free)"}),
        agent_row("a socket where a file is", "control: {socket: plain.txt}\n",
                  {"5: control.socket: 'plain.txt' is a file (give a path that is free)"}),
        agent_row("a socket where a folder is", "control: {socket: data}\n",
                  {"5: control.socket: 'data' is a folder (give the path of the socket to make)"}),
        agent_row("a path too long for a socket", "control:\n  socket: /" + std::string(107, 's') + "\n",
                  {"6: control.socket: '/" + std::string(79, 's') +
                   "…' is too long for a socket (at most 107 bytes with the folders before it)"}),
        agent_row(
            "log to nowhere", "telemetry:\n  logs:\n    outputs: [stderr, gone/x.log, data]\n",
            {"7: telemetry.logs.outputs: 'gone/x.log' is in a folder that does not exist (create it, or write stderr)",
             "7: telemetry.logs.outputs: 'data' is a folder (give a file, stderr or stdout)"}),
    });
}

TEST_CASE("TLS files come in pairs and can be read", "[settings][problems]") {
    check_rows({
        server_row(
            "a missing CA", "  tls: {ca_file: gone.pem}\n",
            {"5: server.tls.ca_file: 'gone.pem' does not exist (relative paths start at opampd's working directory)"}),
        server_row("a certificate without key", "  tls: {cert_file: client.pem}\n",
                   {"5: server.tls.cert_file: needs server.tls.key_file too (give both, or none)"}),
        server_row("a key without certificate", "  tls: {key_file: client.key}\n",
                   {"5: server.tls.key_file: needs server.tls.cert_file too (give both, or none)"}),
        server_row("a certificate, and a key left empty", "  tls:\n    cert_file: client.pem\n    key_file:\n",
                   {"6: server.tls.cert_file: needs server.tls.key_file too (give both, or none)"}),
        server_row("two CAs", "  tls:\n    ca_file: ca.pem\n    ca_pem: -----BEGIN CERTIFICATE-----\n",
                   {"7: server.tls.ca_pem: is given together with server.tls.ca_file (keep one)"}),
        server_row("no PEM", "  tls: {ca_pem: s3cret}\n",
                   {"5: server.tls.ca_pem: has no PEM certificate in it (write the text that begins with -----BEGIN "
                    "CERTIFICATE-----)"}),
        server_row("an old version", "  tls: {min_version: 1.1}\n",
                   {"5: server.tls.min_version: '1.1' is not a TLS version that opampd speaks (write 1.2 or 1.3)"}),
        server_row("versions the wrong way round", "  tls:\n    min_version: 1.3\n    max_version: 1.2\n",
                   {"7: server.tls.max_version: is below server.tls.min_version (change one of them)"}),
    });
}

TEST_CASE("headers and variables have names that can be sent", "[settings][problems]") {
    check_rows({
        server_row("a space in a header's name", "  headers: {\"X Y\": s3cret}\n",
                   {"5: server.headers.X Y: is not the name of an HTTP header (letters, digits and -)"}),
        server_row("a header of the transport", "  headers: {Sec-WebSocket-Key: s3cret}\n",
                   {"5: server.headers.Sec-WebSocket-Key: is a header that opampd sets itself (remove it)"}),
        server_row("a line break", "  headers: {A: \"s3cret\\nB: x\"}\n",
                   {"5: server.headers.A: has a line break or another control character in its value (remove it)"}),
        server_row("a map as header", "  headers: {A: {b: s3cret}}\n",
                   {"5: server.headers.A: is a map, but must be text"}),
        server_row("a text as headers", "  headers: s3cret\n",
                   {"5: server.headers: is text, but must be a map (write NAME: VALUE)"}),
        agent_row("a variable with =", "  env: {A=B: s3cret}\n",
                  {"5: agent.env.A=B: is not the name of an environment variable (write NAME: VALUE)"}),
        agent_row("a NUL in a variable's name", "  env: {\"A\\0B\": s3cret}\n",
                  {"5: agent.env.A?B: is not the name of an environment variable (write NAME: VALUE)"s}),
        agent_row("a list as variable", "  env:\n    A: [s3cret]\n", {"6: agent.env.A: is a list, but must be text"}),
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

TEST_CASE("all problems of a file are reported at once, in its order", "[settings][problems]") {
    CHECK(problems_of("telemetry: {logs: {level: loud}}\n"
                      "agent:\n"
                      "  executable: ./gone\n"
                      "  stop_timeout: 10\n"
                      "  stop_timeout: 20\n"
                      "  timeout: 1s\n"
                      "server:\n"
                      "  endpoint: ftp://x\n"
                      "  headers: {A: \"${NOPE}\"}\n") ==
          Lines{"1: telemetry.logs.level: 'loud' is not known here (write "
                "debug, info, warning or error)",
                "3: agent.executable: './gone' does not exist (give the "
                "path of a program)",
                "4: agent.stop_timeout: '10' is not a duration (write "
                "500ms, 10s or 5m)",
                "5: agent.stop_timeout: is given twice, first on line 4 "
                "(keep one)",
                "6: agent.timeout: is not a key of opampd (did you mean agent.health.timeout?)",
                "8: server.endpoint: 'ftp://x' does not begin with ws://, "
                "wss://, http:// or https:// (write ws://HOST:PORT/v1/opamp)",
                "9: server.headers.A: environment variable 'NOPE' is not "
                "set (set it, or give a default: "
                "${env:NOPE:-text})"});
}

TEST_CASE("a problem is printed with file, line and key", "[settings][problems]") {
    CHECK(settings::to_text({7, 3, "agent.stop_timeout", "'10' is not a duration"}, "etc/opampd.yaml") ==
          "etc/opampd.yaml:7: agent.stop_timeout: '10' is not a duration");
    CHECK(settings::to_text({1, 1, "", "the file is empty"}, "a.yaml") == "a.yaml:1: the file is empty");
}

TEST_CASE("a problem's column is that of its key", "[settings][problems]") {
    const auto loaded =
        settings::parse(kAgent + "  restart: {max_backoff: 1s, reset_after: soon}\n", FakeEnvironment());
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].line == 5);
    CHECK(loaded.problems[0].column == 30);
}

TEST_CASE("aliases that would fill all memory are refused", "[settings][problems]") {
    std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        const std::string last = "*a" + std::to_string(i - 1);
        yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
        for (int j = 0; j < 9; ++j) yaml += ", " + last;
        yaml += "]\n";
    }
    CHECK(problems_of(yaml) == Lines{"5: not valid YAML: too large once its aliases are resolved"});
}

TEST_CASE("YAML that is nested without end is refused", "[settings][problems]") {
    const Lines problems = problems_of(std::string(100'000, '['));
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].starts_with("1: not valid YAML: "));
}

TEST_CASE("no damage to a file makes it more than a list of problems", "[settings][problems]") {
    std::string whole = kAgent +
                        "  args: [\"{config}\", '${X:-a}']\n  env: &e {A: \"${file:token}\"}\n  health:\n    type: "
                        "http\nx: *e\n<<: {y: 1}\n";
    std::mt19937 random(1);
    const std::string bytes = "{}[]:,-&*<>|\"'$#?! \n\t\\%@`\0~\xFF"s;
    for (int i = 0; i < 3000; ++i) {
        std::string yaml = whole;
        for (std::size_t changes = 1 + random() % 3; changes > 0; --changes) {
            const std::size_t at = random() % yaml.size();
            if (random() % 3 == 0)
                yaml.erase(at, random() % 8);
            else if (random() % 2 == 0)
                yaml[at] = bytes[random() % bytes.size()];
            else
                yaml.insert(at, 1, bytes[random() % bytes.size()]);
        }
        INFO(yaml);
        REQUIRE_NOTHROW(problems_of(yaml));
    }
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
        agent_row("no command", "  custom_capabilities: {com.example.a/1.0: {timeout: 1s}}\n",
                  {"5: " + key +
                   ".command: is missing (give the program and its arguments, for every message of the "
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
