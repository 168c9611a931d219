// Values that cannot be.
#include "unit/settings/problem_rows.hpp"

using namespace problem_rows;

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
        agent_row(
            "a sampler that there is not", "telemetry: {traces: {sampler: sometimes}}\n",
            {"5: telemetry.traces.sampler: 'sometimes' is no sampler: there is no sampler 'sometimes' (always_on, "
             "always_off, traceidratio or rate_limited, each also with parentbased_ in front)"}),
        agent_row(
            "a sampler without its rate", "telemetry: {traces: {sampler: rate_limited}}\n",
            {"5: telemetry.traces.sampler: 'rate_limited' is no sampler: '' is not a rate (traces a second, say 5)"}),
        agent_row("an address without a port", "healthcheck: {endpoint: localhost}\n",
                  {"5: healthcheck.endpoint: 'localhost' is not an address and a port (write 127.0.0.1:13134 or "
                   "[::1]:13134)"}),
        agent_row("a name to listen on", "healthcheck: {endpoint: 'foo:80'}\n",
                  {"5: healthcheck.endpoint: 'foo:80' is not an address and a port (write 127.0.0.1:13134 or "
                   "[::1]:13134)"}),
        agent_row("IPv6 without brackets", "healthcheck: {endpoint: '::1:80'}\n",
                  {"5: healthcheck.endpoint: '::1:80' is not an address and a port (write 127.0.0.1:13134 or "
                   "[::1]:13134)"}),
        agent_row("a certificate without its key", "telemetry: {tls: {cert_file: /dev/null}}\n",
                  {"5: telemetry.tls: has only one of cert_file and key_file (give both, or neither)"}),
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
