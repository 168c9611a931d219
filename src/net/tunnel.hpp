// The way through an HTTP proxy: CONNECT (RFC 9110, 9.3.6).
#pragma once

#include "net/proxy.hpp"
#include "net/stream.hpp"

namespace net {

/// Asks the proxy at the other end of `stream` for a connection to `target` ("host:port"); the proxy resolves the name.
/// Errors: refused (with the proxy's status), too_large (an endless answer), invalid (not HTTP), io.
async::Task<base::Result<Stream>> open_tunnel(Stream stream, const Proxy& proxy, const std::string& target);

}  // namespace net
