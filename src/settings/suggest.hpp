// "did you mean".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace settings {

/// The names that may stand directly under the section `path`, in the order of the table.
std::vector<std::string> names_in(std::string_view path);

/// What to do about the unknown `name` in the section `path`, in parentheses: the nearest name there, or where that
/// name belongs, or all names there.
std::string remedy_for_unknown(std::string_view path, std::string_view name);

/// The one of `known` that `name` probably means; empty if none is near.
std::string nearest(std::string_view name, const std::vector<std::string>& known);

/// "a, b, c".
std::string listed(const std::vector<std::string>& names);

/// How many characters must be inserted, removed, replaced or swapped with their neighbour.
std::size_t edit_distance(std::string_view a, std::string_view b);

}  // namespace settings
