// Giving the agent its files: the effective config at its path, the others beside it.
#pragma once

#include <filesystem>
#include <set>
#include <string>

#include "base/files.hpp"
#include "base/result.hpp"
#include "config/compose.hpp"

namespace config {

/// The files that are there because of us.
struct Installed {
    Installed() = default;
    explicit Installed(const Effective& effective) { add(effective); }
    void add(const Effective& effective);

    bool main = false;
    std::set<std::string> beside;  ///< Names.
};

/// Whether `install` would find its names free: asked before the agent is stopped for `now`.
/// Errors: invalid (a name beside the config is taken, or is the config's own).
base::Result<void> check_names(const Effective& now, const Installed& before, const std::filesystem::path& config_path);

/// Makes the files those of `now`. `before` is what was installed last: its files that `now` does not have are removed,
/// and only its files may be overwritten beside the config, so that an offer never replaces a file that is not of an
/// offer. Files that have their content and their owner already are not touched.
///
/// Errors  as check_names, io. Without room nothing is replaced; after another error what was there is partly replaced,
///         never torn: install the previous config again.
base::Result<void> install(const Effective& now, const Installed& before, const std::filesystem::path& config_path,
                           const base::Owner& owner = {});

}  // namespace config
