// A client's way to its server: TCP, a proxy, TLS.
#pragma once

#include "net/client.hpp"
#include "net/stream.hpp"

namespace net {

/// A stream on which the server can be spoken to, before `until`. Errors: as connect_websocket's, where a proxy is at
/// fault with its name.
async::Task<base::Result<Stream>> open_stream(const ClientOptions& options, async::SteadyClock::time_point until);

/// What is left of the time until then.
inline async::SteadyClock::duration left_until(async::SteadyClock::time_point until) {
    return until - async::SteadyClock::now();
}

}  // namespace net
