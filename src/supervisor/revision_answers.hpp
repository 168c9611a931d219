// What may be said of an agent's stored configs: everything but their secrets, unless the settings say otherwise. What
// takes a store reads the disk: for the blocking pool.
#pragma once

#include <map>
#include <string>

#include "base/result.hpp"
#include "config/redact.hpp"
#include "config/revisions.hpp"
#include "control/messages.hpp"

namespace supervisor {

/// Nothing where configs are shown as they are.
using Redaction = std::optional<config::Redactor>;
std::string shown(std::string text, const Redaction& redaction);

/// The newest first.
std::vector<control::Revision> history(const config::RevisionStore& store, const Redaction& redaction);

/// A number, or current, last-good, local; previous is what was good before the current one.
/// Errors: invalid (none of these), not_found.
base::Result<config::Revision> find_revision(const config::RevisionStore& store, const std::string& word);

/// The hash of a failed offer, the newest or another one, that begins with these hexadecimal digits.
/// Errors: invalid (no digits, or they fit several), not_found.
base::Result<std::string> find_failed(const config::RevisionStore& store, const std::string& digits);

struct Loaded {
    config::Revision revision;
    std::map<std::string, control::File> files;  ///< By name, with their secrets.
    config::OwnTelemetry own_telemetry;          ///< With its secrets.
};
/// The files of a revision: as the agent is given them, or as the server offered them. `main_name` is what the file at
/// the config's path is called.
/// Errors: as find_revision; not_found (no offer), too_large, io, invalid (damaged).
base::Result<Loaded> load(const config::RevisionStore& store, const std::string& word, bool remote,
                          const std::string& main_name);

/// What was loaded, without the secrets; of own telemetry the names of variables alone. Pure, and takes its time: not
/// on the event loop.
control::Answer show(Loaded loaded, const Redaction& redaction);
control::Answer diff(const Loaded& from, const Loaded& to, const Redaction& redaction);

}  // namespace supervisor
