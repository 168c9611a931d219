// The types of single values: how each is read from text, written as text, and named to people.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "settings/settings.hpp"

namespace settings {

/// Reads `text` into `value`, or returns what is wrong, to follow the value: "is not a duration (write …)".
std::optional<std::string> from_text(const std::string& text, std::string& value);
std::optional<std::string> from_text(const std::string& text, std::filesystem::path& value);
std::optional<std::string> from_text(const std::string& text, bool& value);
std::optional<std::string> from_text(const std::string& text, Duration& value);
std::optional<std::string> from_text(const std::string& text, std::uint64_t& value);  ///< A size in bytes.
std::optional<std::string> from_text(const std::string& text, int& value);            ///< A signal.
std::optional<std::string> from_text(const std::string& text, unsigned& value);       ///< A count, from 1 up.
std::optional<std::string> from_text(const std::string& text, ConfigFormat& value);
std::optional<std::string> from_text(const std::string& text, ConfigLayout& value);
std::optional<std::string> from_text(const std::string& text, RestartPolicy& value);
std::optional<std::string> from_text(const std::string& text, ProbeType& value);
std::optional<std::string> from_text(const std::string& text, TelemetryDelivery& value);
std::optional<std::string> from_text(const std::string& text, CredentialsDelivery& value);
std::optional<std::string> from_text(const std::string& text, OutputDestination& value);
std::optional<std::string> from_text(const std::string& text, Compression& value);
std::optional<std::string> from_text(const std::string& text, base::log::Level& value);
std::optional<std::string> from_text(const std::string& text, base::log::Format& value);

std::string as_text(const std::string& value);
std::string as_text(const std::filesystem::path& value);
std::string as_text(bool value);
std::string as_text(Duration value);
std::string as_text(int value);
std::string as_text(unsigned value);
std::string as_text(std::uint64_t value);
std::string as_text(ConfigFormat value);
std::string as_text(ConfigLayout value);
std::string as_text(RestartPolicy value);
std::string as_text(ProbeType value);
std::string as_text(TelemetryDelivery value);
std::string as_text(CredentialsDelivery value);
std::string as_text(OutputDestination value);
std::string as_text(Compression value);
std::string as_text(base::log::Level value);
std::string as_text(base::log::Format value);

/// "a duration, such as 10s"; only the type of `value` counts.
std::string type_of(const std::string& value);
std::string type_of(const std::filesystem::path& value);
std::string type_of(bool value);
std::string type_of(Duration value);
std::string type_of(int value);
std::string type_of(unsigned value);
std::string type_of(std::uint64_t value);
std::string type_of(ConfigFormat value);
std::string type_of(ConfigLayout value);
std::string type_of(RestartPolicy value);
std::string type_of(ProbeType value);
std::string type_of(TelemetryDelivery value);
std::string type_of(CredentialsDelivery value);
std::string type_of(OutputDestination value);
std::string type_of(Compression value);
std::string type_of(base::log::Level value);
std::string type_of(base::log::Format value);

}  // namespace settings
