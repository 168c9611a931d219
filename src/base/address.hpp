// An address of this machine and a port, to listen on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

struct Address {
    std::string ip;  ///< Without brackets.
    std::uint16_t port = 0;
};

/// "127.0.0.1:4320", "[::1]:4320", "localhost:4320" (127.0.0.1); port 0 takes a free one. Nothing for other names, and
/// for IPv6 without its brackets: where its port begins could not be told.
std::optional<Address> parse_address(std::string_view text);

}  // namespace base
