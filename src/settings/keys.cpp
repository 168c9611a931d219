#include "settings/keys.hpp"

#include <algorithm>

#include "settings/checks.hpp"

namespace settings {
namespace {

using namespace std::chrono_literals;

// clang-format off
#define FIELD(member) [](Target target) -> auto& { return target.member; }

const Key kKeys[] = {
    {.name = "server.endpoint", .meaning = "The OpAMP server's URL: `ws://HOST:PORT/PATH` or `wss://…`. With `http://…` or `https://…` it is polled over plain HTTP. No path is added: most servers want `/v1/opamp`.",
     .field = FIELD(settings.server.endpoint), .check = opamp_url, .need = Need::required},
    {.name = "server.headers", .meaning = "HTTP headers of the request that opens the connection, or of every request over plain HTTP. Several values of one name: a list. A text is one value and is not split at commas.",
     .field = FIELD(settings.server.headers), .check = http_header, .privacy = Privacy::secret},
    {.name = "server.heartbeat_interval", .meaning = "How often a quiet connection says that it is alive, unless the server asks for another interval. `capabilities.reports_heartbeat` turns it off.",
     .field = FIELD(settings.server.heartbeat_interval), .at_least = 100ms},
    {.name = "server.poll_interval", .meaning = "Over plain HTTP: how often the server is asked for news, unless it asks for another interval. It takes the place of the heartbeat.",
     .field = FIELD(settings.server.poll_interval), .at_least = 100ms},
    {.name = "server.compression", .meaning = "Of the bodies sent over plain HTTP. Compressed answers are always understood.",
     .field = FIELD(settings.server.compression)},
    {.name = "server.limits.receive", .meaning = "The largest message taken from the server, after decompression.",
     .field = FIELD(settings.server.limits.receive), .check = message_size},
    {.name = "server.limits.send", .meaning = "The largest message sent to the server, before compression. A larger one is dropped, and the log says so.",
     .field = FIELD(settings.server.limits.send), .check = message_size},

    {.name = "server.auth.bearer_token_file", .meaning = "File with the token to send. It is read for each connection, so that whoever renews it only has to replace it.",
     .field = FIELD(settings.server.auth.bearer_token_file), .check = readable_file},
    {.name = "server.auth.oauth2.token_url", .meaning = "Where tokens are asked for: `https://…`, or `http://` on this machine. Its certificate is verified with the CAs of `server.tls`. It is reached through the proxy of `server.proxy`, unless it is on this machine or in `NO_PROXY`.",
     .field = FIELD(settings.server.auth.oauth2.token_url), .check = token_url},
    {.name = "server.auth.oauth2.client_id", .meaning = "The client's name at the token server.",
     .field = FIELD(settings.server.auth.oauth2.client_id), .check = not_empty},
    {.name = "server.auth.oauth2.client_secret", .meaning = "The client's password; better a file, or `${env:NAME}`.",
     .field = FIELD(settings.server.auth.oauth2.client_secret), .check = not_empty, .privacy = Privacy::secret},
    {.name = "server.auth.oauth2.client_secret_file", .meaning = "File with the client's password, read for each token. Not together with `client_secret`.",
     .field = FIELD(settings.server.auth.oauth2.client_secret_file), .check = readable_file},
    {.name = "server.auth.oauth2.scopes", .meaning = "What the token is to be good for.",
     .field = FIELD(settings.server.auth.oauth2.scopes), .check = not_empty},
    {.name = "server.auth.oauth2.endpoint_params", .meaning = "What else the token server wants to be told, for instance an `audience`.",
     .field = FIELD(settings.server.auth.oauth2.endpoint_params), .check = token_parameter, .privacy = Privacy::secret},

    {.name = "server.tls.ca_file", .meaning = "PEM file of the CAs to trust instead of the system's.",
     .field = FIELD(settings.server.tls.ca_file), .check = readable_file},
    {.name = "server.tls.ca_pem", .meaning = "The same as text. Not together with `ca_file`.",
     .field = FIELD(settings.server.tls.ca_pem), .check = pem_certificate, .privacy = Privacy::secret},
    {.name = "server.tls.include_system_ca_certs_pool", .meaning = "Trust the system's CAs in addition to those given.",
     .field = FIELD(settings.server.tls.include_system_ca_certs_pool)},
    {.name = "server.tls.cert_file", .meaning = "PEM file of the client certificate, with `key_file`.",
     .field = FIELD(settings.server.tls.cert_file), .check = readable_file},
    {.name = "server.tls.key_file", .meaning = "PEM file of the client certificate's private key.",
     .field = FIELD(settings.server.tls.key_file), .check = readable_file},
    {.name = "server.tls.min_version", .meaning = "Oldest TLS version to speak: `1.2` or `1.3`.",
     .field = FIELD(settings.server.tls.min_version), .check = tls_version},
    {.name = "server.tls.max_version", .meaning = "Newest TLS version to speak: `1.2` or `1.3`.",
     .field = FIELD(settings.server.tls.max_version), .check = tls_version, .default_text = "the newest"},
    {.name = "server.tls.cipher_suites", .meaning = "The cipher suites of TLS 1.2 to offer, by their names in the standards or in OpenSSL. TLS 1.3 has its own, which are all safe.",
     .field = FIELD(settings.server.tls.cipher_suites), .check = not_empty, .default_text = "OpenSSL's"},
    {.name = "server.tls.certificate_request", .meaning = "Ask the server to issue the client certificate: a key is made here and never leaves this machine, the server gets a signing request, again before the certificate expires, and what it issues is used from then on. Only over `wss://` and `https://`, with verification; needs `capabilities.accepts_opamp_connection_settings`.",
     .field = FIELD(settings.server.tls.certificate_request)},
    {.name = "server.tls.server_name_override", .meaning = "Name to verify in the server's certificate, and to send as SNI, instead of the endpoint's host.",
     .field = FIELD(settings.server.tls.server_name_override), .check = not_empty},
    {.name = "server.tls.insecure_skip_verify", .meaning = "Do not verify the server's certificate: whoever answers is believed, and may replace the agents' configs.",
     .field = FIELD(settings.server.tls.insecure_skip_verify)},

    {.name = "server.proxy.url", .meaning = "HTTP proxy to the server, reached by CONNECT: `http://HOST:PORT`, `https://…` or `HOST:PORT`. A user name and password in it go to the proxy alone.",
     .field = FIELD(settings.server.proxy.url), .check = proxy_url, .privacy = Privacy::secret, .default_text = "that of the environment"},
    {.name = "server.proxy.connect_headers", .meaning = "HTTP headers for the proxy alone.",
     .field = FIELD(settings.server.proxy.connect_headers), .check = http_header, .privacy = Privacy::secret},
    {.name = "server.proxy.from_environment", .meaning = "Without a `url`: heed `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY`, as other programs do. A server on this machine is always reached directly.",
     .field = FIELD(settings.server.proxy.from_environment)},

    {.name = "server.connection_settings.verify_timeout", .meaning = "How long settings that the server offers may take to prove that a connection can be made with them.",
     .field = FIELD(settings.server.connection_settings.verify_timeout)},
    {.name = "server.connection_settings.fallback_after", .meaning = "After so long without a connection the accepted settings are given up for those of this file, if these work.",
     .field = FIELD(settings.server.connection_settings.fallback_after)},

    {.name = "server.reconnect.initial_interval", .meaning = "Longest pause before the first new attempt after a lost connection. It grows with each failure; each pause is a random part of it.",
     .field = FIELD(settings.server.reconnect.initial_interval), .at_least = 10ms},
    {.name = "server.reconnect.max_interval", .meaning = "Where that growth ends.",
     .field = FIELD(settings.server.reconnect.max_interval), .at_least = 10ms},
    {.name = "server.reconnect.throttled_interval", .meaning = "Shortest pause after the server said that it is overloaded (429, 503, UNAVAILABLE) without saying for how long; it doubles up to `max_interval` while that goes on.",
     .field = FIELD(settings.server.reconnect.throttled_interval), .at_least = 10ms},

    {.name = "agents", .meaning = "Several agents: a map from a name to the keys of `agent`. Each has its own connection, identity and folder. A name has letters, digits, `.`, `_` and `-`, no dot in front, at most 64; `lock` and `control.sock` are taken."},

    {.name = "agent.preset", .meaning = "The kind of agent: a preset, whose keys are the defaults of this agent. docs/presets.md has those that are built in, and says how to write one.",
     .field = FIELD(agent.preset), .check = preset_name},
    {.name = "agent.parameters", .meaning = "Values for the preset's parameters, such as an address; `{NAME}` stands for them in every text of the preset and of this agent.",
     .field = FIELD(agent.parameters), .check = parameter},

    {.name = "agent.executable", .meaning = "The agent's program. A bare name is looked up in `$PATH`; another relative path starts at opampd's own working directory, not at the agent's. A preset may have it already.",
     .field = FIELD(agent.executable), .check = program, .need = Need::required},
    {.name = "agent.args", .meaning = "Its arguments, with placeholders (see below). `[]`: none.",
     .field = FIELD(agent.args)},
    {.name = "agent.env", .meaning = "Variables in addition to opampd's own environment; these win.",
     .field = FIELD(agent.env), .check = variable, .privacy = Privacy::secret},
    {.name = "agent.working_directory", .meaning = "The agent's working directory.",
     .field = FIELD(agent.working_directory), .check = folder, .default_text = "opampd's own"},
    {.name = "agent.config_files", .meaning = "Local config files, merged in this order; what the server sends comes after them and wins.",
     .field = FIELD(agent.config_files), .check = base_config},
    {.name = "agent.startup_fallback_configs", .meaning = "Config files, merged in this order, for an agent that has nothing else: before the server's first config where there are no `config_files`, and when a config and all those that were good before it have failed.",
     .field = FIELD(agent.startup_fallback_configs), .check = base_config},
    {.name = "agent.config_path", .meaning = "Where the effective config is written, replaced as a whole at each change. Relative to `working_directory`. No two agents may have the same.",
     .field = FIELD(agent.config_path), .check = not_empty},
    {.name = "agent.config_format", .meaning = "`yaml`: merge as YAML, and refuse what is not. `raw`: pass on the bytes of the one config there is. `auto`: YAML where the config says so or there are several to merge.",
     .field = FIELD(agent.config_format)},
    {.name = "agent.config_apply_timeout", .meaning = "How long a new config may take to make the agent healthy before it counts as failed.",
     .field = FIELD(agent.config_apply_timeout)},
    {.name = "agent.min_uptime", .meaning = "Without a probe: the agent is healthy once it has been alive for this long.",
     .field = FIELD(agent.min_uptime)},
    {.name = "agent.max_trials", .meaning = "How often a new config is started at most before it has proved good, where opampd itself ends in the middle of it. Then it counts as failed.",
     .field = FIELD(agent.max_trials)},
    {.name = "agent.stop_signal", .meaning = "What the agent's process group gets first, by name (with or without `SIG`) or number.",
     .field = FIELD(agent.stop_signal), .check = ending_signal},
    {.name = "agent.stop_timeout", .meaning = "From that signal to SIGKILL.",
     .field = FIELD(agent.stop_timeout)},
    {.name = "agent.instance_id", .meaning = "A UUID that the agent starts its life with. Used once: what the state folder has, or the server assigns, wins.",
     .field = FIELD(agent.instance_id), .check = uuid, .default_text = "a new one"},

    {.name = "agent.restart.initial_backoff", .meaning = "Pause before the second restart. The first one is immediate.",
     .field = FIELD(agent.restart.initial_backoff)},
    {.name = "agent.restart.max_backoff", .meaning = "The longest pause.",
     .field = FIELD(agent.restart.max_backoff)},
    {.name = "agent.restart.reset_after", .meaning = "A run of at least this long makes the crashes before it forgotten.",
     .field = FIELD(agent.restart.reset_after)},

    {.name = "agent.health.type", .meaning = "`process`: healthy while alive. `http`: healthy while `endpoint` answers with a status of 200 to 299.",
     .field = FIELD(agent.health.type)},
    {.name = "agent.health.endpoint", .meaning = "URL for `type: http`, say `http://127.0.0.1:8080/healthz`.",
     .field = FIELD(agent.health.endpoint), .check = http_url},
    {.name = "agent.health.interval", .meaning = "How often it is asked.",
     .field = FIELD(agent.health.interval), .at_least = 100ms},
    {.name = "agent.health.timeout", .meaning = "How long one answer may take.",
     .field = FIELD(agent.health.timeout)},
    {.name = "agent.health.successes", .meaning = "How many good answers in a row a new config has to give before it is kept.",
     .field = FIELD(agent.health.successes)},

    {.name = "agent.config_check.command", .meaning = "The program and its arguments, with placeholders; `{config}` is the copy to check. Exit code 0: the config is good. The program is found as `agent.executable` is.",
     .field = FIELD(agent.config_check.command)},
    {.name = "agent.config_check.timeout", .meaning = "How long it may take. What still runs then is killed, with its children, and the config has failed.",
     .field = FIELD(agent.config_check.timeout)},

    {.name = "agent.config_history.max_revisions", .meaning = "How many configs are kept. What is in use, the newest ones, and what a rollback may need are kept in any case.",
     .field = FIELD(agent.config_history.max_revisions)},
    {.name = "agent.config_history.max_age", .meaning = "How long one is kept; looked at when opampd starts and whenever a config comes.",
     .field = FIELD(agent.config_history.max_age)},

    {.name = "agent.reload.signal", .meaning = "The signal that makes the running agent read its config again, sent to its main process: `SIGHUP`. `none`: it is restarted for each config.",
     .field = FIELD(agent.reload.signal), .check = reload_signal},
    {.name = "agent.reload.timeout", .meaning = "How long `confirm` may take to change. Then the agent is restarted instead.",
     .field = FIELD(agent.reload.timeout)},
    {.name = "agent.reload.confirm.url", .meaning = "URL whose answer changes once the agent has taken the config. Without one there is no telling whether it has, and `health` alone decides.",
     .field = FIELD(agent.reload.confirm.url), .check = http_url},
    {.name = "agent.reload.confirm.line", .meaning = "How the line of the answer begins that has to change.",
     .field = FIELD(agent.reload.confirm.line), .check = not_empty, .default_text = "the whole answer"},

    {.name = "agent.own_telemetry.delivery", .meaning = "`environment`: the agent is restarted with other variables. `file`: they are in `own_telemetry.file`, and the agent is reloaded where `reload` says how, else restarted. `none`: it is not told, and an offer does not touch it.",
     .field = FIELD(agent.own_telemetry.delivery)},
    {.name = "agent.own_telemetry.file", .meaning = "For `delivery: file`: lines of `NAME=\"value\"`, which systemd's `EnvironmentFile` and a shell read; replaced as a whole before the agent is started or reloaded. Relative to `working_directory`. It holds secrets, its mode is 0600.",
     .field = FIELD(agent.own_telemetry.file), .check = not_empty},

    {.name = "agent.remote_config.allowed_keys", .meaning = "If given, a config may have values at or below these keys alone: `receivers.otlp`, `service.pipelines.*`.",
     .field = FIELD(agent.remote_config.allowed_keys), .check = not_empty},
    {.name = "agent.remote_config.denied_keys", .meaning = "It may have none at or below these: `exporters.file*`. They beat `allowed_keys`.",
     .field = FIELD(agent.remote_config.denied_keys), .check = not_empty},
    {.name = "agent.remote_config.allowed_entries", .meaning = "If given, the names that its entries may have; `*` and `?` stand for any. The one without a name is `\"\"`.",
     .field = FIELD(agent.remote_config.allowed_entries)},
    {.name = "agent.remote_config.allowed_content_types", .meaning = "If given, the content types that its entries may have; `*` and `?` stand for any.",
     .field = FIELD(agent.remote_config.allowed_content_types)},
    {.name = "agent.remote_config.max_size", .meaning = "The most that its entries may have together.",
     .field = FIELD(agent.remote_config.max_size), .default_text = "no limit but that of a message"},
    {.name = "agent.remote_config.require_signature", .meaning = "Only configs with a signature by one of `public_keys` are accepted; see [signatures.md](signatures.md).",
     .field = FIELD(agent.remote_config.require_signature)},
    {.name = "agent.remote_config.public_keys", .meaning = "Files with the public keys, one a line.",
     .field = FIELD(agent.remote_config.public_keys), .check = readable_file},

    {.name = "agent.redaction.enabled", .meaning = "Show `[REDACTED]` for the values of keys that look like secrets: `*password*`, `*token*`, `*api_key*` and the like.",
     .field = FIELD(agent.redaction.enabled)},
    {.name = "agent.redaction.keys", .meaning = "Further names of keys whose values are secrets; `*` and `?` stand for any.",
     .field = FIELD(agent.redaction.keys), .check = not_empty},

    {.name = "agent.description.identifying_attributes", .meaning = "For instance `service.name`, `service.version`.",
     .field = FIELD(agent.description.identifying_attributes), .check = attribute},
    {.name = "agent.description.non_identifying_attributes", .meaning = "For instance `deployment.environment`.",
     .field = FIELD(agent.description.non_identifying_attributes), .check = attribute},

    {.name = "agent.custom_capabilities", .meaning = "A map from a capability's name to the keys below. A name is a reverse domain name, a dot and a short name, with `/VERSION` if need be: `com.example.inventory/1.0`."},
    {.name = "agent.custom_capabilities.command", .meaning = "The program and its arguments, for every message of the capability, whatever its type. The program is found as `agent.executable` is.",
     .field = FIELD(capability.command), .need = Need::required},
    {.name = "agent.custom_capabilities.timeout", .meaning = "How long one run may take. What still runs then is killed, with its children, and answers nothing.",
     .field = FIELD(capability.timeout)},
    {.name = "agent.custom_capabilities.max_output", .meaning = "How much one run may print, at most `16MiB`. A run that prints more is killed and answers nothing.",
     .field = FIELD(capability.max_output), .check = output_size},

    {.name = "agent.available_components.command", .meaning = "The program and its arguments. It prints a map as YAML or JSON, from each component's name to its `metadata` (a map of texts) and `components` (a map like this one, to any depth). The program is found as `agent.executable` is.",
     .field = FIELD(agent.available_components.command)},
    {.name = "agent.available_components.timeout", .meaning = "How long it may take.",
     .field = FIELD(agent.available_components.timeout)},

    {.name = "capabilities.accepts_remote_config", .meaning = "The server may configure the agents.",
     .field = FIELD(settings.capabilities.accepts_remote_config)},
    {.name = "capabilities.reports_effective_config", .meaning = "The server sees what each agent runs with.",
     .field = FIELD(settings.capabilities.reports_effective_config)},
    {.name = "capabilities.reports_health", .meaning = "The server sees whether each agent is healthy, and why not.",
     .field = FIELD(settings.capabilities.reports_health)},
    {.name = "capabilities.reports_remote_config", .meaning = "The server sees what became of the config that it sent.",
     .field = FIELD(settings.capabilities.reports_remote_config)},
    {.name = "capabilities.reports_heartbeat", .meaning = "Send heartbeats.",
     .field = FIELD(settings.capabilities.reports_heartbeat)},
    {.name = "capabilities.accepts_restart_command", .meaning = "The server may restart the agents.",
     .field = FIELD(settings.capabilities.accepts_restart_command)},
    {.name = "capabilities.reports_own_traces", .meaning = "The server may say where traces of the agent's life go to; see [telemetry.md](telemetry.md).",
     .field = FIELD(settings.capabilities.reports_own_traces)},
    {.name = "capabilities.reports_own_metrics", .meaning = "The same for metrics.",
     .field = FIELD(settings.capabilities.reports_own_metrics)},
    {.name = "capabilities.reports_own_logs", .meaning = "The same for log records.",
     .field = FIELD(settings.capabilities.reports_own_logs)},
    {.name = "capabilities.accepts_opamp_connection_settings", .meaning = "The server may change how it is connected to: endpoint, headers, certificates, TLS, proxy and heartbeat. This is the choice to trust the server of the first connection with all later ones.",
     .field = FIELD(settings.capabilities.accepts_opamp_connection_settings)},
    {.name = "capabilities.reports_connection_settings_status", .meaning = "The server sees what became of the connection settings that it sent, where it may send any.",
     .field = FIELD(settings.capabilities.reports_connection_settings_status)},
    {.name = "capabilities.reports_available_components", .meaning = "The server sees what the agents are made of, where they have a command in `available_components`.",
     .field = FIELD(settings.capabilities.reports_available_components)},

    {.name = "presets.directory", .meaning = "Presets of your own: `NAME.yaml` for each. They win over built-in ones of the same name.",
     .field = FIELD(settings.presets.directory), .check = folder},

    {.name = "storage.directory", .meaning = "State of the daemon: one folder an agent. Two daemons need two of them.",
     .field = FIELD(settings.storage.directory), .check = creatable_folder,
     .default_text = "`$STATE_DIRECTORY` (its first entry), else `/var/lib/opampd` for root, else `$XDG_STATE_HOME/opampd`, else `~/.local/state/opampd`"},

    {.name = "control.socket", .meaning = "The Unix socket of `opampctl`. Its mode is 0660; its folder has to be there.",
     .field = FIELD(settings.control.socket), .check = socket_path,
     .default_text = "`$RUNTIME_DIRECTORY/control.sock` (its first entry), else `control.sock` in `storage.directory`"},
    {.name = "control.group", .meaning = "A group whose members may use `opampctl` too, beside root and opampd's own user. The folder of the socket has to let them in.",
     .field = FIELD(settings.control.group), .check = not_empty},

    {.name = "telemetry.logs.level", .meaning = "The least that is logged.",
     .field = FIELD(settings.logs.level)},
    {.name = "telemetry.logs.format", .meaning = "`logfmt` or one JSON object a line.",
     .field = FIELD(settings.logs.format)},
    {.name = "telemetry.logs.outputs", .meaning = "`stderr`, `stdout`, and files, which are appended to.",
     .field = FIELD(settings.logs.outputs), .check = log_output},
    {.name = "telemetry.logs.output_paths", .meaning = "Another name of `outputs`, from `opampsupervisor`.",
     .field = FIELD(settings.logs.outputs), .check = log_output},

    {.name = "telemetry.endpoint", .meaning = "Base URL of an OTLP/HTTP receiver of all three signals, for instance `http://127.0.0.1:4318`: `/v1/traces`, `/v1/metrics` and `/v1/logs` are added.",
     .field = FIELD(settings.telemetry.endpoint), .check = http_url},
    {.name = "telemetry.headers", .meaning = "HTTP headers of each request to these receivers.",
     .field = FIELD(settings.telemetry.headers), .check = http_header, .privacy = Privacy::secret},
    {.name = "telemetry.compression", .meaning = "Of the requests.",
     .field = FIELD(settings.telemetry.compression)},
    {.name = "telemetry.timeout", .meaning = "How long one request may take.",
     .field = FIELD(settings.telemetry.timeout)},
    {.name = "telemetry.resource", .meaning = "Attributes of all telemetry, in addition to those that describe the agent; where both have one, the description counts.",
     .field = FIELD(settings.telemetry.resource), .check = attribute},
    {.name = "telemetry.tls.ca_file", .meaning = "PEM file of the CAs to trust instead of the system's.",
     .field = FIELD(settings.telemetry.tls.ca_file), .check = readable_file},
    {.name = "telemetry.tls.cert_file", .meaning = "PEM file of the client certificate, with `key_file`.",
     .field = FIELD(settings.telemetry.tls.cert_file), .check = readable_file},
    {.name = "telemetry.tls.key_file", .meaning = "PEM file of the client certificate's private key.",
     .field = FIELD(settings.telemetry.tls.key_file), .check = readable_file},
    {.name = "telemetry.tls.insecure_skip_verify", .meaning = "Do not verify the receiver's certificate.",
     .field = FIELD(settings.telemetry.tls.insecure_skip_verify)},
    {.name = "telemetry.traces.endpoint", .meaning = "Whole URL of the receiver of traces, instead of that below `endpoint`.",
     .field = FIELD(settings.telemetry.traces.endpoint), .check = http_url},
    {.name = "telemetry.traces.sampler", .meaning = "Which traces are recorded: `always_on`, `always_off`, `traceidratio 0.1` or `rate_limited 5` (new traces a second), each also with `parentbased_` in front: then a trace that a server has begun is recorded if the server does.",
     .field = FIELD(settings.telemetry.traces.sampler), .check = sampler},
    {.name = "telemetry.metrics.endpoint", .meaning = "Whole URL of the receiver of metrics, instead of that below `endpoint`.",
     .field = FIELD(settings.telemetry.metrics.endpoint), .check = http_url},
    {.name = "telemetry.metrics.interval", .meaning = "How often they are sent.",
     .field = FIELD(settings.telemetry.metrics.interval), .at_least = 100ms},
    {.name = "telemetry.logs.endpoint", .meaning = "Whole URL of the receiver of log records, instead of that below `endpoint`. What is below `level` is not sent.",
     .field = FIELD(settings.telemetry.log_records.endpoint), .check = http_url},
    {.name = "telemetry.logs.agent_output", .meaning = "Send what the agents print as log records too, a line each.",
     .field = FIELD(settings.telemetry.log_records.agent_output)},

    {.name = "healthcheck.endpoint", .meaning = "Where health and metrics can be asked for over HTTP, for instance `127.0.0.1:13134`: `/health` answers 200 while every agent is healthy, else 503, and `/metrics` in Prometheus' text format. An agent that `opampctl` has stopped, or that has no config to run with, counts as healthy. Nothing listens without it, nor with port 0; whoever reaches the port is answered.",
     .field = FIELD(settings.healthcheck.endpoint), .check = listen_address},
};
// clang-format on

const Section kSections[] = {
    {"server", "The OpAMP server that all agents report to."},
    {"server.auth", "A token in the Authorization header, instead of one among `server.headers`. At most one kind."},
    {"server.auth.oauth2",
     "A token of the client credentials grant (RFC 6749, 4.4), asked for by Basic authentication when one is needed, "
     "replaced before it expires and when the server refuses it."},
    {"server.tls",
     "For `wss://`. Without any of these the system's CAs are trusted and the server's name is verified."},
    {"server.limits", "Of one message."},
    {"server.proxy", "How the server is reached through an HTTP proxy, over both transports; and a token server."},
    {"server.connection_settings",
     "Settings that the server offers, where `capabilities.accepts_opamp_connection_settings` allows it. They are kept "
     "in "
     "the agent's folder once a connection was made with them, and win over this section."},
    {"server.reconnect", "Lost connections are tried again for ever; the agents run on meanwhile."},
    {"agent", "One agent. In `agents` the same keys stand under each name. Either `agent` or `agents` is required."},
    {"agent.restart", "An agent that ends by itself is started again, for ever."},
    {"agent.health", "What decides whether the agent is healthy, and whether a new config is kept."},
    {"agent.config_check",
     "A check of each new config before the agent is touched, on a private copy of its files. What it prints last is "
     "the "
     "reason of the FAILED."},
    {"agent.config_history", "The configs that the agent had, for `opampctl config` to show and to go back to."},
    {"agent.reload",
     "A new config without a restart. The agent has to prove itself with it as after a start; a reload that it does "
     "not "
     "take becomes a restart, and so does the way back."},
    {"agent.reload.confirm",
     "What shows that the agent has taken the config: an answer over HTTP that changes when it has, asked for before "
     "and "
     "after."},
    {"agent.own_telemetry",
     "How the agent is told where the server wants its own telemetry (the offers `own_traces`, `own_metrics` and "
     "`own_logs`): for each of them the variables that OpenTelemetry's SDKs read, "
     "`OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `…_PROTOCOL`, `…_HEADERS`, `…_CERTIFICATE`, `…_CLIENT_CERTIFICATE`, "
     "`…_CLIENT_KEY` and `OTEL_TRACES_EXPORTER`; for all of them `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`, "
     "from the agent's description. Certificates and keys are files in the agent's folder below `storage.directory`. "
     "`agent.env` wins over these, and these win over opampd's own environment. A change is tried and undone as a "
     "config is. A proxy, and of TLS all but certificates, has no such variable and is not handed on; the log says "
     "so."},
    {"agent.remote_config",
     "What a server may send at all. What breaks a rule is refused before the agent is touched; at each start of "
     "opampd "
     "the configs that are stored are held against the rules again."},
    {"agent.redaction",
     "Of configs in all that is reported to the server, printed or logged. The agent's own files are untouched."},
    {"agent.description",
     "Attributes that describe the agent to the server, in addition to those found out; "
     "where both have one, these win."},
    {"agent.custom_capabilities",
     "Messages that the server may send for purposes of its own, each answered by a run of a program. The program gets "
     "the "
     "message's data on standard input, and in its environment `OPAMP_CUSTOM_CAPABILITY`, `OPAMP_CUSTOM_TYPE`, "
     "`OPAMP_INSTANCE_UID` and `OPAMP_AGENT_NAME`. Each line that it prints is the data of a message to the server, of "
     "the "
     "same type. A line `@TYPE TEXT` is one of type TYPE; `@base64:TYPE DATA` is one whose data is given as base64. "
     "Without a TYPE (`@ TEXT`, `@base64: DATA`) it is that of the message received, so that `@ @x` says `@x`. One "
     "program runs at a "
     "time for each agent, and 16 messages wait; more are dropped."},
    {"agent.available_components", "What the agent is made of, asked for once after its start."},
    {"capabilities",
     "What the server may do and see. `accepts_remote_config` is on by default: to give opampd a server's address is "
     "the decision to be configured by it, and a supervisor that only watches is the exception. "
     "Set it to `false` for that: offers are then not acted upon, and the agents run with their `config_files` "
     "alone."},
    {"presets", "Kinds of agents as files."},
    {"storage", "Where opampd keeps what must survive a restart."},
    {"control", "Where `opampctl` asks and gives orders. Whoever may use the socket may stop the agents."},
    {"telemetry",
     "Where traces, metrics and log records of the agents' lives go to: OTLP over HTTP, see [telemetry.md](telemetry.md). "
     "Nothing is sent without a receiver. `SIGHUP` and `opampctl reload` make changes of this section count at once."},
    {"telemetry.tls", "For receivers with `https://`."},
    {"telemetry.traces", "What was done, as spans: a rollout is one trace."},
    {"telemetry.metrics", "Restarts, rollouts, the connection, processes."},
    {"telemetry.logs", "opampd's own log. What the agents print goes to `agent.log` in their folders instead."},
    {"healthcheck", "The daemon's own health, for whoever watches this host."},
};

}  // namespace

std::span<const Key> keys() {
    return kKeys;
}
std::span<const Section> sections() {
    return kSections;
}

const Key* find_key(std::string_view name) {
    const auto found =
        std::find_if(std::begin(kKeys), std::end(kKeys), [&](const Key& key) { return key.name == name; });
    return found == std::end(kKeys) ? nullptr : &*found;
}

std::string_view section_of(std::string_view key) {
    const auto dot = key.rfind('.');
    return dot == std::string_view::npos ? std::string_view() : key.substr(0, dot);
}

}  // namespace settings
