// TCP connections: names, addresses, and the options every socket of ours has.
#pragma once

#include "async/task.hpp"
#include "base/result.hpp"
#include "net/url.hpp"

namespace net {

using Tcp = async::asio::ip::tcp;

/// A connection to the first of the host's addresses that answers. A literal address and "localhost" need no resolver,
/// and so no thread. Each address gets its share of `limit`.
/// Errors: io (refused, unreachable, name not found), timeout; of several addresses, the first one's error.
async::Task<base::Result<Tcp::socket>> dial(const Url& url, async::SteadyClock::duration limit);

/// No delay, close-on-exec, and an end after two minutes of a peer that acknowledges nothing, be it the kernel's own
/// probes, which cost this process no wake-up, or what was sent.
void set_options(Tcp::socket& socket);

/// Closes `fd` when another program is executed.
void set_close_on_exec(int fd);

}  // namespace net
