// Answers as people read them. Pure.
#pragma once

#include <string>
#include <vector>

#include "control/messages.hpp"

namespace ctl {

/// Lines of cells; the first one is the head. Columns are aligned, nothing is behind the last one.
std::string table(const std::vector<std::vector<std::string>>& rows);

/// Without the control characters that a terminal would obey; lines stay lines.
std::string for_terminal(std::string text);

/// The same on one line: reasons are words of agents and servers.
std::string plain(const std::string& text);
std::string or_dash(const std::string& text);

/// The answer to `request`, which is no failure.
std::string as_text(const control::Request& request, const control::Answer& answer);

/// "what went wrong (what to do about it)". Control characters of others do not reach the terminal.
std::string as_text(const control::Failure& failure);

}  // namespace ctl
