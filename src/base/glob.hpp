// Patterns for people: `*` and `?`.
#pragma once

#include <string_view>

namespace base {

/// `text` against `*` (any characters) and `?` (one character); everything else stands for itself.
bool matches_glob(std::string_view pattern, std::string_view text);

/// Whether a line of `text`, without its line end, matches.
bool has_line(std::string_view text, std::string_view pattern);

}  // namespace base
