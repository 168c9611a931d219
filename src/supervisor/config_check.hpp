// What a program of the operator's says of a config before the agent is given it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "async/task.hpp"
#include "base/result.hpp"
#include "base/uuid.hpp"
#include "process/guard.hpp"
#include "settings/settings.hpp"

namespace supervisor {

/// Why a config is not good, with the last lines of what was printed; nothing: it is good.
using CheckVerdict = std::optional<std::string>;

/// Runs the agent's `config_check.command` on `file`, a copy of the config with its other files beside it.
/// Errors  as process::run_command: there is no verdict.
/// Cancel  ends the command. `agent` outlives the task; `guard` may be null.
async::Task<base::Result<CheckVerdict>> check_config(async::asio::any_io_executor executor,
                                                     const settings::Agent& agent, base::Uuid uid,
                                                     std::filesystem::path file, process::Guard* guard);

/// At most `most` lines at the end of `text`, which are not empty, and of a length that a status can bear. Pure.
std::string last_lines(std::string_view text, std::size_t most);

}  // namespace supervisor
