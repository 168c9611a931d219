// What changed between two texts, for people and for `patch`. Pure.
#pragma once

#include <string>
#include <string_view>

namespace config {

/// The lines in which `after` differs from `before`, in the format of `diff -u` without times; empty when they are
/// equal. `context` is the number of unchanged lines around each change.
///
/// Time and memory are bounded for hostile texts of any size: what both begin and end with costs nothing, and where the
/// rest is too long or differs in too many lines, the remainder is shown as replaced as a whole. The result is correct
/// then too, only longer than it could be. A name that would break its header line is put in quotes.
std::string unified_diff(std::string_view before, std::string_view after, const std::string& before_name,
                         const std::string& after_name, int context = 3);

}  // namespace config
