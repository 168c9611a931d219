// Placeholders that are written a little wrong. Private to this folder.
#pragma once

#include <string>

#include "settings/problem.hpp"
#include "settings/tree.hpp"

namespace settings {

/// In `args` and commands of an agent with its preset, at `path`, before parameters are filled in. Braces that are
/// near to no placeholder are the program's own.
void check_placeholders(const Node& agent, const std::string& path, Report& report);

}  // namespace settings
