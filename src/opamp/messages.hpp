// What the two peers tell each other, as plain values. The wire format stays in the .cpp files of this folder.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/pieces.hpp"
#include "base/units.hpp"
#include "base/uuid.hpp"

namespace opamp {

/// One file of a config; the bytes mean what the agent takes them for. Spec: "Configuration Files".
struct ConfigFile {
    std::string body;
    std::string content_type;
    friend bool operator==(const ConfigFile&, const ConfigFile&) = default;
};
using ConfigMap = std::map<std::string, ConfigFile>;

/// A config offered by the server; `hash` is opaque and comes back in the status.
struct RemoteConfig {
    ConfigMap files;
    std::string hash;
    friend bool operator==(const RemoteConfig&, const RemoteConfig&) = default;
};

/// What the agent runs with. Too large to keep in memory, so `read` brings it when it is reported: nothing if it
/// cannot.
struct EffectiveConfig {
    std::string hash;                                ///< Equal for equal files.
    std::function<std::optional<ConfigMap>()> read;  ///< None: there are no files.
};

/// Names and numbers of the wire's RemoteConfigStatuses and ConnectionSettingsStatuses.
enum class ConfigStatus { unset = 0, applied = 1, applying = 2, failed = 3 };

/// What became of the remote config received last.
struct RemoteConfigStatus {
    std::string hash;
    ConfigStatus status = ConfigStatus::unset;
    std::string error_message;  ///< Only with `failed`.
    friend bool operator==(const RemoteConfigStatus&, const RemoteConfigStatus&) = default;
};

using Attributes = std::vector<std::pair<std::string, std::string>>;

struct AgentDescription {
    Attributes identifying;
    Attributes non_identifying;
    friend bool operator==(const AgentDescription&, const AgentDescription&) = default;
};

/// The health of the agent or a part of it. Spec: "ComponentHealth Message".
struct ComponentHealth {
    bool healthy = false;
    std::uint64_t start_time_unix_nano = 0;  ///< 0 while the agent is not running.
    std::string last_error;
    std::string status;
    std::uint64_t status_time_unix_nano = 0;
    std::map<std::string, ComponentHealth> components;
    friend bool operator==(const ComponentHealth&, const ComponentHealth&) = default;
};

// ---- Connection settings. Spec: "Connection Settings Management".

/// In the order of the wire; a name with several values is there several times.
using Headers = std::vector<std::pair<std::string, std::string>>;

/// PEM texts. Spec: "TLSCertificate Message".
struct TlsCertificate {
    std::string cert;
    std::string private_key;  ///< Empty for a certificate issued from a request of ours: the key never left.
    std::string ca_cert;
    friend bool operator==(const TlsCertificate&, const TlsCertificate&) = default;
};

/// Spec: "TLSConnectionSettings Message".
struct TlsSettings {
    std::string ca_pem_contents;
    bool include_system_ca_certs_pool = false;
    bool insecure_skip_verify = false;
    std::string min_version;
    std::string max_version;
    std::vector<std::string> cipher_suites;
    friend bool operator==(const TlsSettings&, const TlsSettings&) = default;
};

/// Spec: "ProxyConnectionSettings Message".
struct ProxySettings {
    std::string url;
    Headers connect_headers;
    friend bool operator==(const ProxySettings&, const ProxySettings&) = default;
};

/// What the settings of all kinds of connections have in common. What is not set is said by the kind's own rules.
struct ConnectionSettings {
    std::string destination_endpoint;
    std::optional<Headers> headers;
    std::optional<TlsCertificate> certificate;
    std::optional<TlsSettings> tls;
    std::optional<ProxySettings> proxy;
    friend bool operator==(const ConnectionSettings&, const ConnectionSettings&) = default;
};

struct OpampConnectionSettings : ConnectionSettings {
    std::uint64_t heartbeat_interval_seconds = 0;
    friend bool operator==(const OpampConnectionSettings&, const OpampConnectionSettings&) = default;
};
/// `heartbeat_interval_seconds`; the longest duration there is if it does not fit.
base::Duration heartbeat_interval(const OpampConnectionSettings& settings);
using TelemetryConnectionSettings = ConnectionSettings;
struct OtherConnectionSettings : ConnectionSettings {
    std::map<std::string, std::string> other_settings;
    friend bool operator==(const OtherConnectionSettings&, const OtherConnectionSettings&) = default;
};

/// What is not set stays as it is; the hash covers all of them, also those left out.
struct ConnectionSettingsOffers {
    std::string hash;
    std::optional<OpampConnectionSettings> opamp;
    std::optional<TelemetryConnectionSettings> own_metrics;
    std::optional<TelemetryConnectionSettings> own_traces;
    std::optional<TelemetryConnectionSettings> own_logs;
    std::map<std::string, OtherConnectionSettings> other_connections;
    friend bool operator==(const ConnectionSettingsOffers&, const ConnectionSettingsOffers&) = default;
};

/// What became of the connection settings received last. Names and numbers of the wire's ConnectionSettingsStatuses.
struct ConnectionSettingsStatus {
    std::string hash;
    ConfigStatus status = ConfigStatus::unset;
    std::string error_message;  ///< Only with `failed`.
    friend bool operator==(const ConnectionSettingsStatus&, const ConnectionSettingsStatus&) = default;
};

// ---- Custom messages and components.

/// Spec: "Custom Messages". `data` means what the capability says.
struct CustomMessage {
    std::string capability;
    std::string type;
    std::string data;
    friend bool operator==(const CustomMessage&, const CustomMessage&) = default;
};

/// Spec: "ComponentDetails Message".
struct Component {
    Attributes metadata;
    std::map<std::string, Component> parts;
    friend bool operator==(const Component&, const Component&) = default;
};
using Components = std::map<std::string, Component>;

/// The server could not process a message of ours.
struct ServerError {
    enum class Type { unknown, bad_request, unavailable };
    Type type = Type::unknown;
    std::string message;
    std::optional<base::Duration> retry_after;
    friend bool operator==(const ServerError&, const ServerError&) = default;
};

/// What one message of the server asks the agent to do, with everything left out that the agent did not announce.
struct Orders {
    std::optional<RemoteConfig> remote_config;
    std::optional<ConnectionSettingsOffers> connection_settings;
    std::optional<CustomMessage> custom_message;
    bool restart = false;
    std::optional<base::Uuid> new_instance_uid;
    std::optional<ServerError> error;
    std::vector<std::string> ignored;  ///< What was left out and why, for the log.
};

std::string_view to_string(ConfigStatus status);
/// Nothing for a name that `to_string` does not have.
std::optional<ConfigStatus> parse_config_status(std::string_view name);

/// A config on disk, in the wire's own form (AgentRemoteConfig); `config` outlives the pieces.
base::Pieces encode(const RemoteConfig& config);
/// Nothing if `bytes` is not an AgentRemoteConfig.
std::optional<RemoteConfig> decode_remote_config(std::string_view bytes);

/// The same for settings of a connection (OpAMPConnectionSettings).
std::string encode(const OpampConnectionSettings& settings);
std::optional<OpampConnectionSettings> decode_connection_settings(std::string_view bytes);

/// Bits of AgentToServer.capabilities.
enum AgentCapability : std::uint64_t {
    kReportsStatus = 0x1,
    kAcceptsRemoteConfig = 0x2,
    kReportsEffectiveConfig = 0x4,
    kAcceptsPackages = 0x8,
    kReportsPackageStatuses = 0x10,
    kReportsOwnTraces = 0x20,
    kReportsOwnMetrics = 0x40,
    kReportsOwnLogs = 0x80,
    kAcceptsOpampConnectionSettings = 0x100,
    kAcceptsOtherConnectionSettings = 0x200,
    kAcceptsRestartCommand = 0x400,
    kReportsHealth = 0x800,
    kReportsRemoteConfig = 0x1000,
    kReportsHeartbeat = 0x2000,
    kReportsAvailableComponents = 0x4000,
    kReportsConnectionSettingsStatus = 0x8000,
};

/// Bits of ServerToAgent.capabilities.
enum ServerCapability : std::uint64_t {
    kAcceptsStatus = 0x1,
    kOffersRemoteConfig = 0x2,
    kAcceptsEffectiveConfig = 0x4,
    kOffersPackages = 0x8,
    kAcceptsPackagesStatus = 0x10,
    kOffersConnectionSettings = 0x20,
    kAcceptsConnectionSettingsRequest = 0x40,
};

}  // namespace opamp
