#include "server/json_text.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>

namespace server {

std::string json_number(double value) {
    if (std::isnan(value)) return "\"NaN\"";
    if (std::isinf(value)) return value < 0 ? "\"-Infinity\"" : "\"Infinity\"";
    char text[64];
    const auto [end, error] = std::to_chars(text, text + sizeof text, value);
    return error == std::errc{} ? std::string(text, end) : "0";
}

std::string time_text(std::int64_t nanoseconds) {
    constexpr std::int64_t kPerSecond = 1'000'000'000;
    const std::int64_t part = ((nanoseconds % kPerSecond) + kPerSecond) % kPerSecond;
    const std::time_t seconds = (nanoseconds - part) / kPerSecond;
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char date[32];
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    char text[64];
    std::snprintf(text, sizeof text, "%s.%06dZ", date, static_cast<int>(part / 1000));
    return text;
}

}  // namespace server
