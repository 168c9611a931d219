// URLs of endpoints, checked once and taken apart.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace net {

struct Url {
    std::string scheme;  ///< In lower case.
    std::string host;    ///< Without brackets for IPv6.
    std::uint16_t port = 0;
    std::string target;  ///< Path and query, "/" at least.

    bool is_tls() const { return scheme == "wss" || scheme == "https"; }
    bool is_websocket() const { return scheme == "ws" || scheme == "wss"; }
    /// "host:port" with brackets where needed: for logs.
    std::string authority() const;
    /// The value of the Host header: `authority` without the port that the scheme implies.
    std::string host_header() const;
    friend bool operator==(const Url&, const Url&) = default;
};

/// ws, wss, http and https. Without a port: 80 and 443, as the schemes say. Errors: invalid, naming the part at fault.
base::Result<Url> parse_url(std::string_view text);

}  // namespace net
