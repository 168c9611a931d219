// From a connected stream to a client's WebSocket.
#pragma once

#include "net/client.hpp"
#include "net/stream.hpp"

namespace net {

/// Sends the upgrade request over the stream; `refusal` is filled where the server answers with anything but 101.
async::Task<base::Result<std::unique_ptr<WebSocket>>> upgrade(Stream stream, const ClientOptions& options,
                                                              Refusal& refusal);

}  // namespace net
