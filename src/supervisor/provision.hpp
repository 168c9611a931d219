// What a process of an agent is given beside its arguments, the agent itself as well as its commands: whose it is, what
// it may, its variables and its secrets.
#pragma once

#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/literal_secrets.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "base/uuid.hpp"
#include "process/run_command.hpp"
#include "settings/command_line.hpp"
#include "settings/settings.hpp"
#include "supervisor/private_folder.hpp"

namespace supervisor {

/// As the settings say, which have been checked. Pure; so is the next.
process::Privileges privileges_of(const settings::Agent& agent);
/// Of the files that the agent is to read.
base::Owner owner_of(const settings::Agent& agent);

/// Its secrets are there for as long as this is.
struct Provision {
    std::vector<std::string> environment;  ///< "NAME=value", the whole of it.
    std::string run_id;                    ///< Of a process of the agent itself: what comes of it is known by it.
    process::Privileges privileges;
    settings::Replacements credentials;       ///< For placeholders in arguments.
    std::vector<base::UniqueFd> descriptors;  ///< Of secrets, to be passed on in this order.
    PrivateFolder folder;                     ///< With the others.
    base::LiteralSecrets secrets;             ///< All of them, to know them again in what is printed.

    std::vector<int> descriptor_numbers() const;
};

enum class For { agent, command };

/// Reads the agent's environment files and credentials anew. The later wins: opampd's own variables, those of another
/// user, `more`, the environment files, `env`, OPAMP_….
///
/// Errors  not_found, io, invalid: of these files, and of the folder for the credentials.
base::Result<Provision> provide(const settings::Agent& agent, const base::Uuid& uid, const std::string& config_hash,
                                For whom, const settings::TextMap& more = {});

/// The same for commands, or nothing where none are to run.
base::Result<Provision> provide_commands(const settings::Agent& agent, const base::Uuid& uid,
                                         const std::string& config_hash, bool are_any);

/// The names of the variables that the operator gives the agent himself. Errors: as provide.
base::Result<settings::TextMap> operators_variables(const settings::Agent& agent);

}  // namespace supervisor
