// What the settings say of an agent's output; see settings.hpp.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/units.hpp"

namespace settings {

enum class OutputDestination {
    file,     ///< Files of ours.
    log,      ///< Lines of opampd's own log.
    journal,  ///< Entries of systemd's journal.
    none,     ///< Nowhere.
};

/// What the agent prints, to standard output and standard error.
struct Output {
    OutputDestination destination = OutputDestination::file;
    bool direct = false;         ///< The agent gets the file's or the journal's descriptor itself.
    std::filesystem::path file;  ///< Empty: agent.log in the agent's folder.
    std::uint64_t max_size = 10u << 20;
    base::Duration max_age{};  ///< 0: no limit.
    unsigned keep = 5;
    base::Duration keep_for{};  ///< 0: no limit.
    bool compress = true;
    std::string identifier;     ///< In the journal; empty: the agent's name.
    std::uint64_t tail = 8192;  ///< Bytes.
};

}  // namespace settings
