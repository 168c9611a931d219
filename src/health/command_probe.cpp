#include "health/command_probe.hpp"

namespace health {

async::Task<base::Result<void>> ask(const CommandProbe& probe) {
    auto result = co_await process::run_command(probe.executor, probe.spec, probe.guard);
    if (!result) co_return std::move(result).error();
    if (!result->succeeded()) co_return base::Error(base::Kind::refused, process::describe_failure(*result));
    co_return base::Result<void>();
}

}  // namespace health
