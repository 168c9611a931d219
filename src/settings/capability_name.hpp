// Linux's capabilities by name.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace settings {

/// The number of "CAP_NET_BIND_SERVICE", in any case and with or without "CAP_".
std::optional<int> parse_capability(std::string_view name);
/// "CAP_NET_BIND_SERVICE"; "CAP_63" for one without a name.
std::string capability_name(int number);
/// The names in a set, with blanks between them.
std::string capability_names(std::uint64_t set);
/// All that have a name.
std::uint64_t all_capabilities();

}  // namespace settings
