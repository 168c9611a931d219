// Where telemetry goes, as people read it. Pure.
#pragma once

#include <string>
#include <vector>

#include "control/messages.hpp"

namespace ctl {

/// A line for each agent and signal; below them what is not as it should be.
std::string telemetry_text(const std::vector<control::Telemetry>& agents);

}  // namespace ctl
