// The whole server: its parts, put together.
#pragma once

#include "async/task.hpp"
#include "base/result.hpp"
#include "server/options.hpp"

namespace server {

/// Serves until SIGTERM or SIGINT, or until cancelled; then every connection is closed.
/// Errors: io (the state file, a port in use), invalid (an address).
async::Task<base::Result<void>> serve(const Options& options);

}  // namespace server
