// The keys of the daemon itself.
#include "settings/checks.hpp"
#include "settings/key_tables.hpp"

namespace settings {
namespace {

using namespace std::chrono_literals;

// clang-format off
const Key kKeys[] = {
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

    {.name = "storage.runtime_directory", .meaning = "What an agent's user alone may read is kept here while it is needed: credentials, and with `agent.user` the copy of a config for `config_check`. Best in memory; made where it is missing.",
     .field = FIELD(settings.storage.runtime_directory), .check = creatable_folder,
     .default_text = "`$RUNTIME_DIRECTORY/agents`, else a folder of this daemon in `/run` for root or in `$XDG_RUNTIME_DIR`, else `runtime` in `storage.directory`"},

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

const Section kSections[] = {
    {"capabilities", "What the server may do and see. `accepts_remote_config` is on by default: to give opampd a server's address is the decision to be configured by it, and a supervisor that only watches is the exception. Set it to `false` for that: offers are then not acted upon, and the agents run with their `config_files` alone."},
    {"presets", "Kinds of agents as files."},
    {"storage", "Where opampd keeps what must survive a restart."},
    {"control", "Where `opampctl` asks and gives orders. Whoever may use the socket may stop the agents."},
    {"telemetry", "Where traces, metrics and log records of the agents' lives go to: OTLP over HTTP, see [telemetry.md](telemetry.md). Nothing is sent without a receiver. `SIGHUP` and `opampctl reload` make changes of this section count at once."},
    {"telemetry.tls", "For receivers with `https://`."},
    {"telemetry.traces", "What was done, as spans: a rollout is one trace."},
    {"telemetry.metrics", "Restarts, rollouts, the connection, processes."},
    {"telemetry.logs", "opampd's own log. What the agents print goes where `agent.output` says instead."},
    {"healthcheck", "The daemon's own health, for whoever watches this host."},
};
// clang-format on

}  // namespace

KeyTable daemon_keys() {
    return {kKeys, kSections};
}

}  // namespace settings
