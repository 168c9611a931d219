// What both kinds of the server's WebSockets do at their end.
#pragma once

#include "async/task.hpp"
#include "net/websocket.hpp"

namespace server {

/// Reads until the peer leaves or the connection fails. Ends quietly when cancelled.
async::Task<> discard_messages(net::WebSocket& socket);

/// The closing handshake: with 1001 where the caller was cancelled, which means that the server stops, else with
/// `code`. Only for callers in which cancellation does not throw, such as `net::HttpHandler::talk`.
async::Task<> say_goodbye(net::WebSocket& socket, net::CloseCode code);

}  // namespace server
