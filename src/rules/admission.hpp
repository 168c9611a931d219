// The rules on remote configs, from the settings and the files that they name.
#pragma once

#include "base/result.hpp"
#include "config/admission.hpp"
#include "config/redact.hpp"
#include "settings/settings.hpp"

namespace rules {

/// Errors: invalid (a pattern, a file of keys), not_found and io (such a file); with the key of the settings.
base::Result<config::Admission> read_admission(const settings::Agent& agent);

/// Nothing where configs are shown as they are. Pure.
std::optional<config::Redactor> redactor_of(const settings::Agent& agent);

}  // namespace rules
