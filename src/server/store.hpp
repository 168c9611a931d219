// What outlives the server: the agents it knows, and the configs set for them. In one SQLite file.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "opamp/convert.hpp"
#include "opamp/messages.hpp"
#include "opamp/server_session.hpp"
#include "server/sqlite.hpp"

namespace server {

using Time = std::chrono::system_clock::time_point;

/// A config set for an agent, and when.
struct SetConfig {
    opamp::RemoteConfig config;
    Time set_at;
};

/// Connection settings set for an agent, and when.
struct SetSettings {
    opamp::ConnectionSettingsOffers offers;  ///< Without a hash: that is of what is offered.
    Time set_at;
};

/// What an agent was offered to authenticate with, as digests: see server/authentication.hpp.
struct OfferedCredential {
    std::string current;   ///< Empty: none.
    std::string previous;  ///< Still accepted until the current one was used.
    bool is_used = false;
    friend bool operator==(const OfferedCredential&, const OfferedCredential&) = default;
};

struct KnownAgent {
    base::Uuid uid;
    Time last_seen;
    opamp::AgentState state;
    std::optional<SetConfig> config;
    std::optional<SetSettings> settings;
    OfferedCredential credential;
};

/// Each call is one transaction, done when it returns. A failed one changes nothing.
class Store {
public:
    /// ":memory:" or a file; created with its folder, readable for nobody else. Errors: io, invalid (from a newer
    /// version).
    static base::Result<std::unique_ptr<Store>> open(const std::string& file);

    base::Result<std::vector<KnownAgent>> load();
    /// Adds the agent, or replaces its parts that changed.
    base::Result<void> save(const base::Uuid& uid, const opamp::AgentState& state, const opamp::Changes& changes,
                            Time last_seen);
    base::Result<void> save_seen(const base::Uuid& uid, Time last_seen);
    /// Nothing: the agent has no config any more.
    base::Result<void> save_config(const base::Uuid& uid, const std::optional<SetConfig>& config);
    /// The same for connection settings, with the credential that is offered in them. On the disk when it returns:
    /// an agent that has taken them must be let in after a power cut.
    base::Result<void> save_settings(const base::Uuid& uid, const std::optional<SetSettings>& settings,
                                     const OfferedCredential& credential);
    base::Result<void> forget(const base::Uuid& uid);

private:
    base::Result<void> prepare();
    base::Result<void> upgrade(std::int64_t from);
    base::Result<void> load_configs(KnownAgent& agent);
    base::Result<void> load_settings(KnownAgent& agent);
    base::Result<void> replace_settings(const base::Uuid& uid, const std::optional<SetSettings>& settings,
                                        const OfferedCredential& credential);
    base::Result<void> replace_config(const base::Uuid& uid, const std::optional<SetConfig>& config);

    Database database_;
    Statement save_, save_seen_, forget_, remove_config_, add_config_, add_entry_, select_agents_, select_config_,
        select_entries_, save_settings_, remove_settings_, save_credential_, select_settings_, select_credential_;
};

}  // namespace server
