// opampctl's end of the control socket: one request, and the wait for its answer.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>

#include "control/messages.hpp"

namespace control {

/// Asks the daemon that listens at `socket`. Blocks, for as long as `limit` at most.
/// Errors: not_found (nobody listens there), refused (not for this user), timeout, io, invalid (the path, an answer
/// that is none). What the daemon itself refuses is an answer.
base::Result<Answer> ask(const std::filesystem::path& socket, const Request& request, std::chrono::seconds limit);

/// The same, for a request whose answer bytes follow: `answered` hears the answer, then `take` gets the bytes as they
/// come, until there are no more. `limit` is for the answer. Neither is called for a failure.
base::Result<Answer> ask_for_bytes(const std::filesystem::path& socket, const Request& request,
                                   std::chrono::seconds limit, const std::function<void(const Answer&)>& answered,
                                   const std::function<void(std::string_view)>& take);

}  // namespace control
