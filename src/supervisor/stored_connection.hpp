// What an agent's folder keeps of its connection to the server: settings that the server offered, and what became of
// them.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "opamp/messages.hpp"
#include "supervisor/own_telemetry_offers.hpp"

namespace supervisor {

struct StoredConnection {
    std::optional<opamp::OpampConnectionSettings> accepted;     ///< A connection was made with them.
    std::optional<opamp::OpampConnectionSettings> candidate;    ///< None yet; tried first at the next start.
    OwnTelemetryOffers own_telemetry;                           ///< In force.
    std::optional<OwnTelemetryOffers> own_telemetry_candidate;  ///< Being given to the agent.
    opamp::ConnectionSettingsStatus status;                     ///< Of the offer received last.
    std::string request_key;  ///< PEM: the private key of a certificate request that is not answered yet.
    friend bool operator==(const StoredConnection&, const StoredConnection&) = default;
};

struct LoadedConnection {
    StoredConnection stored;
    std::optional<std::string> note;  ///< What was wrong with the file; it is set aside.
};
/// `folder`/connection; nothing stored when there is no such file.
LoadedConnection load_connection(const std::filesystem::path& folder);

/// Durably, readable for nobody else: it holds keys and tokens. With nothing to keep there is no file. Errors: io.
base::Result<void> store_connection(const std::filesystem::path& folder, const StoredConnection& stored);

}  // namespace supervisor
