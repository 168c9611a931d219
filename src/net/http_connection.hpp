// One connection of the HTTP server: requests, one after the other, until it ends or becomes a WebSocket.
#pragma once

#include "net/dial.hpp"
#include "net/http_server.hpp"

namespace net {

/// Serves `socket` until the peer is done, a limit is passed or the coroutine is cancelled. Does not throw.
async::Task<> serve_connection(Tcp::socket socket, HttpHandler& handler, Limits limits);

}  // namespace net
