// From a connected stream to a client's WebSocket.
#pragma once

#include "net/client.hpp"
#include "net/dial.hpp"

namespace net {

/// Sends the upgrade request over `socket`; `refusal` is filled where the server answers with anything but 101.
async::Task<base::Result<std::unique_ptr<WebSocket>>> upgrade(Tcp::socket socket, const ClientOptions& options,
                                                              Refusal& refusal);

}  // namespace net
