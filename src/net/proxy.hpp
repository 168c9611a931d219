// Proxies: which one, by its URL or by the environment.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "net/http.hpp"
#include "net/url.hpp"

namespace net {

/// An HTTP proxy that is asked by CONNECT, for every kind of server.
struct Proxy {
    Url url;                              ///< http or https.
    std::vector<Header> connect_headers;  ///< For the proxy alone: the server never sees them.
    friend bool operator==(const Proxy&, const Proxy&) = default;
};

/// "http://user:password@host:port", "https://host", "host:port". Credentials become a Proxy-Authorization header.
/// Errors: invalid; never with the password in the text.
base::Result<Proxy> parse_proxy(std::string_view text);

/// A variable of the environment, or empty where it is not set.
using Variable = std::function<std::string(const char*)>;

/// Whether no proxy is used for `target`: it is this machine, or NO_PROXY (in capitals or not) excepts it. That is a
/// list of names (with what is below them), .suffixes, addresses and networks, each also with a port; "*" is
/// everything.
bool is_reached_directly(const Url& target, const Variable& variable);

/// What HTTPS_PROXY or HTTP_PROXY (in capitals or not) say for `target`, unless it is reached directly.
std::optional<std::string> proxy_from_environment(const Url& target, const Variable& variable);

}  // namespace net
