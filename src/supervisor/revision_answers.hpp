// What may be said of an agent's stored configs: everything but their secrets. Reads the disk; for the blocking pool.
#pragma once

#include <string>

#include "base/result.hpp"
#include "config/redact.hpp"
#include "config/revisions.hpp"
#include "control/messages.hpp"

namespace supervisor {

/// The newest first.
std::vector<control::Revision> history(const config::RevisionStore& store, const config::Redactor& redactor);

/// A number, or current, last-good, local; previous is what was good before the current one.
/// Errors: invalid (none of these), not_found.
base::Result<config::Revision> find_revision(const config::RevisionStore& store, const std::string& word);

/// The files of `request.revision`, the current one where that is empty: as the agent is given them, or as the server
/// offered them. `main_name` is what the file at the config's path is called.
/// Errors: as find_revision; not_found (no offer), too_large, io, invalid (damaged).
base::Result<control::Answer> show(const config::RevisionStore& store, const control::Request& request,
                                   const std::string& main_name, const config::Redactor& redactor);

/// From `request.revision` to `request.against`; where they are empty, from the previous to the current one.
/// Errors: as show.
base::Result<control::Answer> diff(const config::RevisionStore& store, const control::Request& request,
                                   const std::string& main_name, const config::Redactor& redactor);

}  // namespace supervisor
