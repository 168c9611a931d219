// Whether a command says that an agent is well, by its exit code.
#pragma once

#include "async/task.hpp"
#include "base/result.hpp"
#include "process/run_command.hpp"

namespace health {

struct CommandProbe {
    async::asio::any_io_executor executor;
    process::CommandSpec spec;  ///< With its time limit.
    process::Guard* guard = nullptr;
};

/// One run. Errors: refused (another exit code than 0, a signal, too long), as process::run_command.
async::Task<base::Result<void>> ask(const CommandProbe& probe);

}  // namespace health
