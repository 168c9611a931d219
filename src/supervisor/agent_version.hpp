// Which version of its program an agent is: asked for by a command, and remembered for as long as the program is the
// same.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "async/task.hpp"
#include "base/result.hpp"
#include "process/guard.hpp"
#include "settings/settings.hpp"
#include "supervisor/provision.hpp"

namespace supervisor {

/// The first word of `output` that is a version: digits, a dot, digits, and what follows of it; a `v` in front is left
/// out. Empty if there is none. Pure.
std::string find_version(std::string_view output);

/// The file `version` of an agent's folder. All but `ask` blocks; `remember` until it is on the disk.
class AgentVersion {
public:
    AgentVersion(const settings::Agent& agent, std::filesystem::path folder);

    /// The one that is remembered, if the program is still the same one; else empty.
    std::string remembered() const;
    /// Asks the program by `agent.version.command`, and remembers the answer. Empty without a command.
    /// Errors: refused (the command failed, or there is no version in what it prints), as Child::spawn.
    async::Task<base::Result<std::string>> ask(async::asio::any_io_executor executor, std::string instance_uid,
                                               const Provision& provision, process::Guard* guard) const;
    base::Result<void> remember(const std::string& version) const;

private:
    const settings::Agent& agent_;
    const std::filesystem::path file_;
};

}  // namespace supervisor
