// Whether somebody takes connections: over TCP, or at a Unix socket.
#pragma once

#include <string>

#include "async/task.hpp"
#include "base/result.hpp"
#include "base/units.hpp"
#include "net/url.hpp"

namespace health {

struct TcpProbe {
    net::Url at;  ///< Its host and port alone.
    base::Duration timeout = std::chrono::seconds(1);
};

struct UnixProbe {
    std::string path;  ///< With "@" in front: a name of the abstract namespace.
};

/// A connection, which is closed at once. Errors: io (refused, no such name or socket), timeout.
async::Task<base::Result<void>> ask(const TcpProbe& probe);

/// The same at a socket of any type. Errors: not_found, io (nobody listens, or its queue is full).
async::Task<base::Result<void>> ask(const UnixProbe& probe);

}  // namespace health
