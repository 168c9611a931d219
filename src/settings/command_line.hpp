// How an agent is started: its arguments with the placeholders filled in.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "settings/settings.hpp"

namespace settings {

struct Placeholder {
    std::string_view name;  ///< With its braces.
    std::string_view meaning;
};
inline constexpr Placeholder kConfigPlaceholder{"{config}", "the path of the agent's effective config"};
inline constexpr Placeholder kInstanceUidPlaceholder{"{instance_uid}", "the agent's instance UID, as a UUID in text"};
inline constexpr Placeholder kNamePlaceholder{"{name}", "the agent's name in this file"};
inline constexpr Placeholder kConfigFolderPlaceholder{"{config_folder}", "the folder that it is in"};
inline constexpr Placeholder kCredentialPlaceholder{"{credential:NAME}",
                                                    "the path of that one of `agent.credentials`; also in `agent.env`"};
inline constexpr Placeholder kPlaceholders[] = {kConfigPlaceholder, kConfigFolderPlaceholder, kInstanceUidPlaceholder,
                                                kNamePlaceholder, kCredentialPlaceholder};
/// In every text of an agent and of its preset, but not in the program's own.
inline constexpr Placeholder kExecutablePlaceholder{
    "{executable}", "`agent.executable` as it is written; as parameters of a preset, in every text"};
/// In the commands of `agent.reload` alone.
inline constexpr Placeholder kPidPlaceholder{"{pid}",
                                             "in the commands of `agent.reload`: the PID of the agent's main process"};

/// The commands that are run beside the agent, by their keys below the agent's: "config_check.command". Those that it
/// has not are empty.
std::vector<std::pair<std::string, const std::vector<std::string>*>> commands_of(const Agent& agent);

/// Placeholders, and what each becomes.
using Replacements = std::vector<std::pair<std::string, std::string>>;

/// `text` with each placeholder replaced, in one pass: what is put in stays as it is.
std::string replaced(std::string_view text, const Replacements& replacements);

/// "{credential:NAME}".
std::string credential_placeholder(std::string_view name);
/// The names in the placeholders of credentials in `text`.
std::vector<std::string> credentials_in(std::string_view text);

/// `args` with each placeholder replaced, in one pass: braces in what is put in stay. Other braces stay as well.
/// `more`: of the credentials.
std::vector<std::string> filled_in(const std::vector<std::string>& args, const Agent& agent,
                                   std::string_view instance_uid, const Replacements& more = {});

}  // namespace settings
