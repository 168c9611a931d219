// ${…} in values: environment variables and files.
#pragma once

#include <string>

#include "settings/environment.hpp"
#include "settings/tree.hpp"

namespace settings {

/// Expands the values under `node`, never the keys, and marks what came from outside as `expanded`. What cannot be
/// expanded is reported and becomes `broken`. `path` is the key of `node` itself.
///
/// A value that is one single reference takes the place that its text, read as YAML, has: a number, a list, a map.
/// References inside a longer text are replaced by text. What comes in is expanded by the same rules.
void expand(Node& node, const std::string& path, const Environment& environment, Report& report);

}  // namespace settings
