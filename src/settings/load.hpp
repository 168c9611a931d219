// opampd.yaml as Settings, with everything that is wrong in it.
#pragma once

#include <filesystem>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "settings/environment.hpp"
#include "settings/problem.hpp"
#include "settings/settings.hpp"

namespace settings {

struct Loaded {
    Settings settings;              ///< Not to be used while there are problems.
    std::vector<Problem> problems;  ///< All of them, in the order of the file.
};

/// Reads, expands and checks. `file` is where the text came from, as it was named.
Loaded parse(std::string_view yaml, const Environment& environment, const std::filesystem::path& file = {});

/// Errors: as base::read_file, when the file itself cannot be read.
base::Result<Loaded> load(const std::filesystem::path& file, const Environment& environment = system_environment());

}  // namespace settings
