// The keys of an agent: what it is, its configs, and what is said of it.
#include "settings/checks.hpp"
#include "settings/key_tables.hpp"

namespace settings {
namespace {

// clang-format off
const Key kKeys[] = {
    {.name = "agents", .meaning = "Several agents: a map from a name to the keys of `agent`. Each has its own connection, identity and folder. A name has letters, digits, `.`, `_` and `-`, no dot in front, at most 64; `lock` and `control.sock` are taken."},

    {.name = "agent.preset", .meaning = "The kind of agent: a preset, whose keys are the defaults of this agent; [preset-list.md](preset-list.md) has those that are built in, [presets.md](presets.md) says how to write one. Without a name it is the one for a program of the name of `executable`, if the agent has no `args` of its own; `generic` is none.",
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
    {.name = "agent.config_layout", .meaning = "`merged`: what can be merged is one file, at `config_path`; another entry is a file beside it. `folder`: nothing is merged; each entry, and each of `config_files` by its last name, is a file in the folder of `config_path`, and its name may have folders in it (`conf.d/site.conf`). `config_path` is the one that the agent is given, and an entry without a name; it may be missing where no argument has `{config}`.",
     .field = FIELD(agent.config_layout)},
    {.name = "agent.config_apply_timeout", .meaning = "How long a new config may take to make the agent healthy before it counts as failed.",
     .field = FIELD(agent.config_apply_timeout)},
    {.name = "agent.max_trials", .meaning = "How often a new config is started at most before it has proved good, where opampd itself ends in the middle of it. Then it counts as failed.",
     .field = FIELD(agent.max_trials)},
    {.name = "agent.instance_id", .meaning = "A UUID that the agent starts its life with. Used once: what the state folder has, or the server assigns, wins.",
     .field = FIELD(agent.instance_id), .check = uuid, .default_text = "a new one"},

    {.name = "agent.config_check.command", .meaning = "The program and its arguments, with placeholders; `{config}` is the copy to check. Exit code 0: the config is good. The program is found as `agent.executable` is.",
     .field = FIELD(agent.config_check.command)},
    {.name = "agent.config_check.timeout", .meaning = "How long it may take. What still runs then is killed, with its children, and the config has failed.",
     .field = FIELD(agent.config_check.timeout)},

    {.name = "agent.config_history.max_revisions", .meaning = "How many configs are kept. What is in use, the newest ones, and what a rollback may need are kept in any case.",
     .field = FIELD(agent.config_history.max_revisions)},
    {.name = "agent.config_history.max_age", .meaning = "How long one is kept; looked at when opampd starts and whenever a config comes.",
     .field = FIELD(agent.config_history.max_age)},

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
    {.name = "agent.custom_capabilities.command", .meaning = "The program and its arguments, with placeholders, for every message of the capability, whatever its type. The program is found as `agent.executable` is.",
     .field = FIELD(capability.command), .need = Need::required},
    {.name = "agent.custom_capabilities.timeout", .meaning = "How long one run may take. What still runs then is killed, with its children, and answers nothing.",
     .field = FIELD(capability.timeout)},
    {.name = "agent.custom_capabilities.max_output", .meaning = "How much one run may print, at most `16MiB`. A run that prints more is killed and answers nothing.",
     .field = FIELD(capability.max_output), .check = output_size},

    {.name = "agent.version.command", .meaning = "A program and its arguments, with placeholders, that prints the agent's version: the first word like `1.22` or `v1.22.1-rc` in what it prints is `service.version`. It is run after a start, and again only when the agent's program is another file. The program is found as `agent.executable` is.",
     .field = FIELD(agent.version.command)},
    {.name = "agent.version.timeout", .meaning = "How long it may take.",
     .field = FIELD(agent.version.timeout)},
    {.name = "agent.available_components.command", .meaning = "The program and its arguments, with placeholders. It prints a map as YAML or JSON, from each component's name to its `metadata` (a map of texts) and `components` (a map like this one, to any depth). The program is found as `agent.executable` is.",
     .field = FIELD(agent.available_components.command)},
    {.name = "agent.available_components.timeout", .meaning = "How long it may take.",
     .field = FIELD(agent.available_components.timeout)},
};

const Section kSections[] = {
    {"agent", "One agent. In `agents` the same keys stand under each name. Either `agent` or `agents` is required."},
    {"agent.config_check", "A check of each new config before the agent is touched, on a private copy of its files. What it prints last is the reason of the FAILED."},
    {"agent.config_history", "The configs that the agent had, for `opampctl config` to show and to go back to."},
    {"agent.own_telemetry", "How the agent is told where the server wants its own telemetry (the offers `own_traces`, `own_metrics` and `own_logs`): for each of them the variables that OpenTelemetry's SDKs read, `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`, `…_PROTOCOL`, `…_HEADERS`, `…_CERTIFICATE`, `…_CLIENT_CERTIFICATE`, `…_CLIENT_KEY` and `OTEL_TRACES_EXPORTER`; for all of them `OTEL_RESOURCE_ATTRIBUTES` and `OTEL_SERVICE_NAME`, from the agent's description. Certificates and keys are files in the agent's folder below `storage.directory`. `agent.env` wins over these, and these win over opampd's own environment. A change is tried and undone as a config is. A proxy, and of TLS all but certificates, has no such variable and is not handed on; the log says so."},
    {"agent.remote_config", "What a server may send at all. What breaks a rule is refused before the agent is touched; at each start of opampd the configs that are stored are held against the rules again."},
    {"agent.redaction", "Of configs in all that is reported to the server, printed or logged. The agent's own files are untouched."},
    {"agent.description", "Attributes that describe the agent to the server, in addition to those found out; where both have one, these win."},
    {"agent.custom_capabilities", "Messages that the server may send for purposes of its own, each answered by a run of a program. The program gets the message's data on standard input, and in its environment `OPAMP_CUSTOM_CAPABILITY`, `OPAMP_CUSTOM_TYPE`, `OPAMP_INSTANCE_UID` and `OPAMP_AGENT_NAME`. Each line that it prints is the data of a message to the server, of the same type. A line `@TYPE TEXT` is one of type TYPE; `@base64:TYPE DATA` is one whose data is given as base64. Without a TYPE (`@ TEXT`, `@base64: DATA`) it is that of the message received, so that `@ @x` says `@x`. One program runs at a time for each agent, and 16 messages wait; more are dropped."},
    {"agent.version", "What the agent is a version of."},
    {"agent.available_components", "What the agent is made of, asked for once after its start."},
};
// clang-format on

}  // namespace

KeyTable agent_keys() {
    return {kKeys, kSections};
}

}  // namespace settings
