// Where an agent's output is to be found.
#pragma once

#include <filesystem>
#include <string>

#include "settings/settings.hpp"

namespace settings {

/// The live one of its files, if it goes into files. `folder` is the agent's own.
std::filesystem::path output_file(const Agent& agent, const std::filesystem::path& folder);
/// The name that its entries in the journal have.
std::string output_identifier(const Agent& agent);
/// For people: where to look.
std::string where_output_goes(const Agent& agent, const std::filesystem::path& folder);

}  // namespace settings
