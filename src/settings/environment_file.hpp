// Variables in a file, as systemd's EnvironmentFile has them.
#pragma once

#include <map>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace settings {

/// Lines of NAME=VALUE; empty lines and those that begin with # or ; say nothing. A value may be in '…', in which all
/// stands for itself, or in "…", in which a backslash takes the meaning of ", \, $ and ` away; either may go on over
/// lines. Outside of quotes a backslash stands before a character that is meant as such, or at the end of a line that
/// goes on. Blanks at the end of a bare value are not part of it. Nothing is expanded. Pure.
///
/// Errors: invalid, with the line, without the value.
base::Result<std::map<std::string, std::string>> parse_environment_file(std::string_view text);

/// The path in an item of agent.environment_files, and whether it has to be there.
struct EnvironmentFile {
    std::string path;
    bool may_be_missing = false;
};
EnvironmentFile environment_file_of(const std::string& item);

}  // namespace settings
