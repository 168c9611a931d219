// What opampd.yaml says, as plain data. The initial value of a member is the default of its key; `keys.cpp` gives each
// member its key, its meaning and its checks, and docs/settings.md is made from both.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/units.hpp"

namespace settings {

using base::Duration;
using TextMap = std::map<std::string, std::string>;
/// In the order of the file; a name with several values is there several times.
using Headers = std::vector<std::pair<std::string, std::string>>;

struct Tls {
    std::string ca_file;
    std::string ca_pem;
    std::string cert_file;
    std::string key_file;
    bool include_system_ca_certs_pool = false;
    bool insecure_skip_verify = false;
    std::string min_version = "1.2";
    std::string max_version;  ///< Empty: the newest.
    std::vector<std::string> cipher_suites;
    std::string server_name_override;
    bool certificate_request = false;  ///< Ask the server for a client certificate (CSR flow).
};

struct Proxy {
    std::string url;  ///< Empty: none, unless the environment names one.
    Headers connect_headers;
    bool from_environment = true;
};

/// Of one message, before compression. Spec: "WebSocket Message Size Limits", "Plain HTTP Message Size Limits".
struct MessageLimits {
    std::uint64_t receive = 64u << 20;
    std::uint64_t send = 64u << 20;
};

/// What is done with connection settings that the server offers.
struct ConnectionSettings {
    Duration verify_timeout = std::chrono::seconds(30);
    Duration fallback_after = std::chrono::minutes(10);
};

enum class Compression { none, gzip };

struct Reconnect {
    Duration initial_interval = std::chrono::milliseconds(500);
    Duration max_interval = std::chrono::seconds(60);
    Duration throttled_interval = std::chrono::seconds(30);
};

/// A token from a token server: RFC 6749, client credentials. Used where `token_url` is not empty.
struct OAuth2 {
    std::string token_url;  ///< A URL, checked.
    std::string client_id;
    std::string client_secret;
    std::string client_secret_file;
    std::vector<std::string> scopes;
    TextMap endpoint_params;
};

/// One of the two, or none.
struct Auth {
    std::string bearer_token_file;
    OAuth2 oauth2;
};

struct Server {
    std::string endpoint;  ///< A URL, checked: scheme, host and port are good.
    Headers headers;
    Auth auth;
    Tls tls;
    Proxy proxy;
    Duration heartbeat_interval = std::chrono::seconds(30);
    Duration poll_interval = std::chrono::seconds(30);
    Compression compression = Compression::none;
    MessageLimits limits;
    Reconnect reconnect;
    ConnectionSettings connection_settings;
};

enum class ConfigFormat { automatic, yaml, raw };
enum class ProbeType { process, http };

/// The first restart after a crash is immediate; these are the next ones.
struct Restart {
    Duration initial_backoff = std::chrono::seconds(1);
    Duration max_backoff = std::chrono::seconds(60);
    Duration reset_after = std::chrono::seconds(60);
};

struct Health {
    ProbeType type = ProbeType::process;
    std::string endpoint;  ///< For ProbeType::http: a URL, checked.
    Duration interval = std::chrono::seconds(10);
    Duration timeout = std::chrono::seconds(1);
    unsigned successes = 1;  ///< In a row, for the gate of a config.
};

struct Description {
    TextMap identifying_attributes;
    TextMap non_identifying_attributes;
};

/// A program that answers the messages of one custom capability. `command[0]` is an absolute path.
struct CustomCapability {
    std::vector<std::string> command;
    Duration timeout = std::chrono::seconds(10);
    std::uint64_t max_output = 1u << 20;  ///< Bytes.
};

/// A program that lists what the agent is made of; none: the command is empty.
struct AvailableComponents {
    std::vector<std::string> command;
    Duration timeout = std::chrono::seconds(10);
};

/// A program that says whether a config is good; none: the command is empty.
struct ConfigCheck {
    std::vector<std::string> command;  ///< With placeholders: see command_line.hpp.
    Duration timeout = std::chrono::seconds(10);
};

/// How many of the agent's configs are kept, and for how long.
struct ConfigHistory {
    unsigned max_revisions = 20;
    Duration max_age = std::chrono::hours(24 * 90);
};

/// How a running agent shows that it has taken a config: one line of an answer over HTTP changes.
struct ReloadConfirm {
    std::string url;   ///< Checked; empty: nothing shows it.
    std::string line;  ///< How the line begins; empty: the whole answer.
};

/// An agent that takes a new config without a restart.
struct Reload {
    int signal = 0;  ///< 0: it is restarted instead.
    Duration timeout = std::chrono::seconds(2);
    ReloadConfirm confirm;
};

/// How an agent is told where the server wants its own telemetry.
enum class TelemetryDelivery {
    none,         ///< It is not.
    environment,  ///< By variables that it is started with.
    file,         ///< By the same in a file.
};
struct OwnTelemetry {
    TelemetryDelivery delivery = TelemetryDelivery::environment;
    std::filesystem::path file = "own_telemetry.env";
};

/// What the operator of this host lets a server's config say.
struct RemoteConfig {
    std::vector<std::string> allowed_keys;
    std::vector<std::string> denied_keys;
    std::vector<std::string> allowed_entries;
    std::vector<std::string> allowed_content_types;
    std::uint64_t max_size = 0;  ///< Bytes; 0: only what a message may have.
    bool require_signature = false;
    std::vector<std::filesystem::path> public_keys;  ///< Files.
};

/// Of configs wherever they are shown: to the server, to people.
struct Redaction {
    bool enabled = true;
    std::vector<std::string> keys;  ///< In addition to the usual names of secrets.
};

/// What an agent's preset gave it.
struct FromPreset {
    std::string file;               ///< Empty: a built-in preset.
    std::string summary;            ///< What the preset says of itself.
    std::vector<std::string> keys;  ///< "health.endpoint": not said by the agent's own section.
};

/// All paths are absolute once the file has been parsed.
struct Agent {
    std::string name = "agent";  ///< Its folder in the state directory and its label in the log.
    std::string preset = "generic";
    TextMap parameters;  ///< Already filled in everywhere.
    FromPreset from_preset;
    std::filesystem::path executable;
    std::vector<std::string> args{"--config", "{config}"};  ///< With placeholders: see command_line.hpp.
    std::vector<std::string> args_as_written;               ///< Before expansion: for people, without secrets.
    TextMap env;
    std::filesystem::path working_directory;
    std::vector<std::filesystem::path> config_files;
    std::vector<std::filesystem::path> startup_fallback_configs;
    std::filesystem::path config_path = "effective.yaml";
    ConfigFormat config_format = ConfigFormat::automatic;
    OwnTelemetry own_telemetry;
    RemoteConfig remote_config;
    Redaction redaction;
    ConfigCheck config_check;
    ConfigHistory config_history;
    Reload reload;
    int stop_signal = SIGTERM;
    Duration stop_timeout = std::chrono::seconds(10);
    Duration config_apply_timeout = std::chrono::seconds(5);
    Duration min_uptime = std::chrono::seconds(1);
    unsigned max_trials = 3;
    Restart restart;
    Health health;
    Description description;
    std::map<std::string, CustomCapability> custom_capabilities;  ///< By their names.
    AvailableComponents available_components;
    std::string instance_id;  ///< A UUID as 8-4-4-4-12 digits, or empty.
};

struct Capabilities {
    bool accepts_remote_config = true;
    bool reports_effective_config = true;
    bool reports_health = true;
    bool reports_remote_config = true;
    bool reports_heartbeat = true;
    bool accepts_restart_command = true;
    bool reports_own_traces = true;
    bool reports_own_metrics = true;
    bool reports_own_logs = true;
    bool accepts_opamp_connection_settings = false;
    bool reports_connection_settings_status = true;
    bool reports_available_components = true;  ///< Of agents that have a command for it.
};

struct Presets {
    std::filesystem::path directory = "/etc/opampd/presets";
};

struct Storage {
    std::filesystem::path directory;
};

/// Where opampctl is listened to.
struct Control {
    std::filesystem::path socket;
    std::string group;  ///< Whose members may use it; empty: nobody but root and the daemon's user.
};

using Logs = base::log::Options;

/// What opampd tells of itself and of its agents over OTLP/HTTP, unless a server offers other destinations.
struct Telemetry {
    struct Tls {
        std::string ca_file;
        std::string cert_file;
        std::string key_file;
        bool insecure_skip_verify = false;
    };
    struct Traces {
        std::string endpoint;
        std::string sampler = "parentbased_always_on";
    };
    struct Metrics {
        std::string endpoint;
        Duration interval = std::chrono::seconds(10);
    };
    /// Beside `Settings::logs`.
    struct LogRecords {
        std::string endpoint;
        bool agent_output = false;
    };
    std::string endpoint;  ///< The base of the three: /v1/traces and so on are added.
    Headers headers;
    Compression compression = Compression::gzip;
    Duration timeout = std::chrono::seconds(10);
    Tls tls;
    Traces traces;
    Metrics metrics;
    LogRecords log_records;
    TextMap resource;
};

/// Where health and metrics can be asked for over HTTP.
struct HealthCheck {
    std::string endpoint;  ///< "ADDRESS:PORT"; empty: nowhere.
};

struct Settings {
    Server server;
    std::vector<Agent> agents;
    Capabilities capabilities;
    Presets presets;
    Storage storage;
    Control control;
    Logs logs;
    Telemetry telemetry;
    HealthCheck healthcheck;
    std::filesystem::path file;  ///< Where they came from, as it was named.
};

}  // namespace settings
