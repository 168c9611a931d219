// The server's side of the wire: agents' reports as plain values, and the parts of a report as bytes to be stored.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "opamp/messages.hpp"

namespace opamp {

/// What an agent is built from. Without `components` it is known by its hash alone.
struct AvailableComponents {
    std::string hash;
    std::optional<Components> components;
    friend bool operator==(const AvailableComponents&, const AvailableComponents&) = default;
};

/// What an agent reported: in a report, the parts that it has; in a session, the merge of all reports.
struct AgentState {
    std::uint64_t capabilities = 0;  ///< AgentCapability bits, and those of other agents.
    std::optional<AgentDescription> description;
    std::optional<ComponentHealth> health;
    std::optional<ConfigMap> effective_config;
    std::optional<RemoteConfigStatus> remote_config_status;
    std::optional<ConnectionSettingsStatus> connection_settings_status;
    std::optional<std::vector<std::string>> custom_capabilities;
    std::optional<AvailableComponents> available_components;
};

/// One decoded AgentToServer.
struct AgentReport {
    base::Uuid instance_uid;
    std::uint64_t sequence_num = 0;
    AgentState parts;
    bool is_goodbye = false;          ///< It has `agent_disconnect`.
    bool wants_instance_uid = false;  ///< It has the flag RequestInstanceUid.
    std::optional<std::string> csr;   ///< A certificate is asked for with it; PEM, and not checked yet.
    std::optional<CustomMessage> custom_message;
    std::size_t fingerprint = 0;  ///< Of its bytes: tells a resent message from another one with its number.
};

/// `payload` is what follows the frame's header.
/// Errors  invalid: not an AgentToServer, or an instance_uid that is not 16 bytes or is all zero.
base::Result<AgentReport> decode_report(std::string_view payload);

/// A ServerToAgent that says what was wrong with a message. `instance_uid` is empty where none could be read.
std::string bad_request(std::string_view instance_uid, std::string_view reason);
std::string unavailable(std::string_view instance_uid, std::string_view reason,
                        std::optional<base::Duration> retry_after = std::nullopt);

/// SHA-256 over the number of files, then each one's name, body and content type in the order of the names, every part
/// behind its length: two configs that differ anywhere have different hashes.
std::string config_hash(const ConfigMap& files);

/// SHA-256 over the offers without their own hash.
std::string settings_hash(ConnectionSettingsOffers offers);

std::string encode(const AgentDescription& description);
std::string encode(const ComponentHealth& health);
std::string encode(const ConfigMap& files);
std::string encode(const ConnectionSettingsOffers& offers);
/// From bytes made by `encode`; nothing if they are damaged.
std::optional<AgentDescription> decode_description(std::string_view bytes);
std::optional<ComponentHealth> decode_health(std::string_view bytes);
std::optional<ConfigMap> decode_config(std::string_view bytes);
std::optional<ConnectionSettingsOffers> decode_offers(std::string_view bytes);

}  // namespace opamp
