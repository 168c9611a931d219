// What the two peers tell each other, as plain values. The wire format stays in the .cpp files of this folder.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

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

/// Names and numbers of the wire's RemoteConfigStatuses.
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
    bool restart = false;
    std::optional<base::Uuid> new_instance_uid;
    std::optional<ServerError> error;
    std::vector<std::string> ignored;  ///< What was left out and why, for the log.
};

std::string_view to_string(ConfigStatus status);

/// A config on disk, in the wire's own form (AgentRemoteConfig).
std::string encode(const RemoteConfig& config);
/// Nothing if `bytes` is not an AgentRemoteConfig.
std::optional<RemoteConfig> decode_remote_config(std::string_view bytes);

/// Bits of AgentToServer.capabilities.
enum AgentCapability : std::uint64_t {
    kReportsStatus = 0x1,
    kAcceptsRemoteConfig = 0x2,
    kReportsEffectiveConfig = 0x4,
    kAcceptsRestartCommand = 0x400,
    kReportsHealth = 0x800,
    kReportsRemoteConfig = 0x1000,
    kReportsHeartbeat = 0x2000,
};

}  // namespace opamp
