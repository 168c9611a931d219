// For `opampd --check`: what the daemon would do.
#pragma once

#include <string>

#include "settings/settings.hpp"

namespace settings {

/// A few lines for the server and each agent. No header values, no environment, nothing expanded into arguments.
std::string describe(const Settings& settings);

}  // namespace settings
