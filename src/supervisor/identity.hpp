// Who an agent is: its instance UID, kept on disk, and its description for the server.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "opamp/messages.hpp"
#include "settings/settings.hpp"
#include "supervisor/host.hpp"

namespace supervisor {

struct Identity {
    base::Uuid uid;
    std::vector<std::string> notes;  ///< What was wrong with the stored one.
};

/// The stored UID; else the one of the settings; else a new one. What is new is stored.
/// Errors: io (it cannot be stored, so it would change with the next start).
base::Result<Identity> load_identity(const std::filesystem::path& folder, const std::string& configured);
base::Result<void> store_identity(const std::filesystem::path& folder, const base::Uuid& uid);

/// `version` may be empty; `facts` are of the machine. The settings override and add.
/// Spec: OpenTelemetry resource conventions; "AgentDescription Message".
opamp::AgentDescription describe_agent(const settings::Agent& agent, const base::Uuid& uid, const std::string& version,
                                       const Facts& facts);

/// The whole environment of the agent: ours, without what concerns the daemon alone, then those of the agent's user,
/// `offered`, the settings' `env`, `given`, and OPAMP_INSTANCE_UID, OPAMP_AGENT_NAME, OPAMP_CONFIG_FILE,
/// OPAMP_CONFIG_HASH. The later ones win.
std::vector<std::string> agent_environment(const settings::Agent& agent, const base::Uuid& uid,
                                           const std::string& config_hash, const settings::TextMap& offered = {},
                                           const settings::TextMap& given = {});

}  // namespace supervisor
