// The demo service's own settings: the YAML file that whoever runs it gives it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "telemetry/destination.hpp"
#include "telemetry/sampler.hpp"

namespace demo {

struct Settings {
    bool instrument = false;  ///< Trace and measure each request.
    telemetry::SamplerSettings sampler;
    bool console = true;  ///< Spans are lines of JSON on standard output.
    std::optional<telemetry::Destination> traces;
    std::optional<telemetry::Destination> metrics;
    friend bool operator==(const Settings&, const Settings&) = default;
};

/// What the text does not say is as in `defaults`. Keys at the top that this service does not know are somebody else's.
/// Errors: invalid, with the line, the key and the value.
base::Result<Settings> parse_settings(std::string_view yaml, const Settings& defaults = {});

/// A file that does not exist is a file that sets nothing. Errors: invalid, io, naming the file.
base::Result<Settings> load_settings(const std::filesystem::path& file, const Settings& defaults = {});

/// For people, as YAML: of headers the names alone.
std::string describe(const Settings& settings);

}  // namespace demo
