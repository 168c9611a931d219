// The small state files of a config's life as text. Pure; private to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "config/revisions.hpp"
#include "opamp/messages.hpp"

namespace config {

std::string format(const Revision& revision);
std::optional<Revision> parse_revision(std::string_view text);

std::string format(const Outcome& outcome);
std::optional<Outcome> parse_outcome(std::string_view text);

std::string format(const opamp::RemoteConfigStatus& status);
std::optional<opamp::RemoteConfigStatus> parse_status(std::string_view text);

}  // namespace config
