// opampctl's end of the control socket: one request, and the wait for its answer.
#pragma once

#include <chrono>
#include <filesystem>

#include "control/messages.hpp"

namespace control {

/// Asks the daemon that listens at `socket`. Blocks, for as long as `limit` at most.
/// Errors: not_found (nobody listens there), refused (not for this user), timeout, io, invalid (the path, an answer
/// that is none). What the daemon itself refuses is an answer.
base::Result<Answer> ask(const std::filesystem::path& socket, const Request& request, std::chrono::seconds limit);

}  // namespace control
