// Durations, times and sizes as people write them: "500ms", "1m30s", "64MiB".
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

using Duration = std::chrono::nanoseconds;

/// "1h30m", "500ms", "2.5s", "100us", "0". A number without a unit is refused: seconds or milliseconds cannot be told
/// apart.
std::optional<Duration> parse_duration(std::string_view text);
/// The shortest exact form: "1m30s", "500ms", "0s".
std::string format_duration(Duration duration);
/// For people, about three digits: "1.73ms", "5.03s".
std::string rounded_duration(Duration duration);

/// Nanoseconds since 1970, UTC.
std::uint64_t unix_nano_now();
/// Such a time in RFC 3339, with that many digits behind the second: "2026-01-31T12:00:00.250Z" has three.
std::string format_time(std::int64_t unix_nano, int digits);
/// The same to the second; empty for 0, which says that there is none.
std::string time_text(std::uint64_t unix_nano);

/// "4096", "64KiB", "64MiB", "1GiB"; bytes.
std::optional<std::uint64_t> parse_size(std::string_view text);
std::string format_size(std::uint64_t bytes);

}  // namespace base
