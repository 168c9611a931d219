// Which requests of browsers are served: those of this server's own page. Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "net/http.hpp"

namespace server {

/// A page elsewhere may make a browser send requests here. By a name that it has turned to this address ("DNS
/// rebinding") it would even read the answers, so only names are served that nobody else can own: the address listened
/// on, localhost and loopback addresses; where the server listens on all addresses, any address. A change, and a
/// WebSocket, must besides come from no page at all or from a page of this server. `listen` is "ADDR:PORT". Errors:
/// refused, saying which header is at fault.
base::Result<void> check_origin(const net::HttpRequest& request, std::string_view listen);

/// "localhost:4321" → "localhost", "[::1]:4321" → "::1".
std::string_view host_of(std::string_view authority);

}  // namespace server
