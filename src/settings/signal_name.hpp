// Signals by name.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace settings {

/// "SIGTERM", "TERM", "term", "15", "SIGRTMIN+3"; "none" is 0.
std::optional<int> parse_signal(std::string_view text);
/// "SIGTERM"; for one without a name, its number.
std::string signal_name(int number);

}  // namespace settings
