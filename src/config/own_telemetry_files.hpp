// The variables of an agent's own telemetry on disk, each set once, however many revisions have it.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "base/result.hpp"
#include "config/own_telemetry.hpp"

namespace config {

/// A folder with one folder a set, named by its hash: `variables`, and a file for each variable that names one, which
/// goes by the variable's name. Their paths are what the agent is given, so they stay for as long as a revision that
/// has them: an agent that takes another config without a restart keeps its certificates.
///
/// A set is there as a whole or not at all, after a power cut too.
class OwnTelemetryFiles {
public:
    explicit OwnTelemetryFiles(std::filesystem::path folder) : folder_(std::move(folder)) {}

    /// Its hash; a set that is there already is not written again. Errors: io.
    base::Result<std::string> store(const OwnTelemetry& own_telemetry);
    /// Of no hash: nothing at all. Errors: not_found, io, invalid (not the content that it was stored with).
    base::Result<OwnTelemetry> load(const std::string& hash) const;
    /// What the agent is given: the variables, and the paths of the files. Errors: as `load`.
    base::Result<Variables> variables_of(const std::string& hash) const;

    /// Removes all others, and what a stop in the middle of `store` has left.
    void keep_only(const std::set<std::string>& hashes);

    std::filesystem::path path_of(const std::string& hash) const;

private:
    std::filesystem::path folder_;
};

}  // namespace config
