// What opampd.yaml says, as plain data. The initial value of a member is the default of its key; the tables in
// keys_*.cpp give each member its key, its meaning and its checks, and docs/settings.md is made from both.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "base/log.hpp"
#include "base/units.hpp"
#include "settings/agent.hpp"

namespace settings {

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
    std::filesystem::path runtime_directory;  ///< For what is there while agents run.
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
