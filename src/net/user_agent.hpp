// How this program names itself to its peers.
#pragma once

#include <string_view>

namespace net {

inline constexpr std::string_view kUserAgent = "opampd/" OPAMPD_VERSION;

}  // namespace net
