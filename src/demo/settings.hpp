// The demo service's own settings: the YAML file that whoever runs it gives it.
#pragma once

#include <filesystem>
#include <string_view>

#include "base/result.hpp"

namespace demo {

struct Settings {
    bool instrument = false;  ///< Trace each request.
};

/// Keys that this service does not know are somebody else's. Errors: invalid, with what is wrong.
base::Result<Settings> parse_settings(std::string_view yaml);

/// A file that does not exist is a file that sets nothing. Errors: invalid, io, naming the file.
base::Result<Settings> load_settings(const std::filesystem::path& file);

}  // namespace demo
