// What the entries of a config map are, for all who look at them.
#pragma once

#include <string>

#include "config/compose.hpp"

namespace config {

/// Whether the entry is read as YAML (or JSON, which is YAML too).
bool is_yaml(const std::string& name, const opamp::ConfigFile& file, Format format);

/// What to call the entry in an error: "entry a.yaml".
std::string entry_name(const std::string& name);

/// No agent has as many files; looking at more would take the daemon's time.
base::Result<void> check_count(const opamp::ConfigMap& files);

/// Whether it is a file name that stays in its folder and shows up there as it is. Errors: invalid.
base::Result<void> check_file_name(const std::string& name);

/// A content type without its parameters, in lower case, for comparing.
std::string media_type(const std::string& content_type);

}  // namespace config
