// The settings file, read again while the agents run.
#pragma once

#include <string>
#include <vector>

#include "supervisor/telemetry_options.hpp"

namespace supervisor {

struct SettingsReload {
    std::vector<std::string> mistakes;       ///< All of them. With one of them nothing else is filled in.
    std::vector<std::string> at_next_start;  ///< Keys that differ from what runs, and do not count yet.
    LocalTelemetry telemetry;                ///< Counts at once.
};

/// Reads the file of `running`: with what the daemon was started.
SettingsReload read_again(const settings::Settings& running, const net::Variable& variable);

}  // namespace supervisor
