// Where an agent is told to send its own telemetry, as a value: variables, and the files that variables name. Pure.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace config {

using Variables = std::map<std::string, std::string>;

/// Beside the config, what an agent is given. All of it may be secret but the names.
struct OwnTelemetry {
    Variables variables;
    Variables files;  ///< Contents, by the variable whose value is the file's path.

    bool empty() const { return variables.empty() && files.empty(); }
    friend bool operator==(const OwnTelemetry&, const OwnTelemetry&) = default;
};

/// SHA-256 as 32 bytes; empty for nothing.
std::string hash(const OwnTelemetry& own_telemetry);

/// The variables that one of the two does not have, or has with another value.
std::vector<std::string> changed_names(const OwnTelemetry& from, const OwnTelemetry& to);

/// One `NAME=value` a line; no value has a line break.
std::string format(const Variables& variables);
std::optional<Variables> parse_variables(std::string_view text);

}  // namespace config
