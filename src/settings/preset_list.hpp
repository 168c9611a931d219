// Presets for people: a list for the terminal, and the page of those that are built in.
#pragma once

#include <string>
#include <vector>

#include "settings/preset.hpp"

namespace settings {

/// A line each: the name, where it is from, what it is for.
std::string list_of(const std::vector<Preset>& presets);

/// The whole of docs/preset-list.md.
std::string preset_page();

}  // namespace settings
