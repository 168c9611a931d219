#include "base/units.hpp"

#include <charconv>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <limits>

namespace base {
namespace {

struct Unit {
    std::string_view name;
    std::int64_t ns;
};
// Longest names first: "ms" must not be read as "m".
constexpr Unit kUnits[] = {
    {"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"h", 3'600'000'000'000}, {"m", 60'000'000'000}, {"s", 1'000'000'000}};

struct SizeUnit {
    std::string_view name;
    std::uint64_t bytes;
};
constexpr SizeUnit kSizeUnits[] = {{"GiB", 1ull << 30}, {"MiB", 1ull << 20}, {"KiB", 1ull << 10}, {"B", 1}};

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
    if (text == "0") return Duration::zero();
    if (text.empty()) return std::nullopt;
    double total = 0;
    while (!text.empty()) {
        double number = 0;
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
        if (error != std::errc{} || number < 0) return std::nullopt;
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
        const Unit* unit = nullptr;
        for (const Unit& candidate : kUnits)
            if (!unit && text.substr(0, candidate.name.size()) == candidate.name) unit = &candidate;
        if (!unit) return std::nullopt;
        text.remove_prefix(unit->name.size());
        total += number * static_cast<double>(unit->ns);
    }
    if (!(total < 9.2e18)) return std::nullopt;
    return Duration(std::llround(total));
}

std::string format_duration(Duration duration) {
    if (duration == Duration::zero()) return "0s";
    std::string text = duration < Duration::zero() ? "-" : "";
    auto rest = std::abs(duration.count());
    const auto take = [&](std::int64_t unit, const char* name) {
        if (rest / unit > 0) text += std::to_string(rest / unit) + name;
        rest %= unit;
    };
    take(3'600'000'000'000, "h");
    take(60'000'000'000, "m");
    take(1'000'000'000, "s");
    take(1'000'000, "ms");
    take(1'000, "us");
    take(1, "ns");
    return text;
}

std::string rounded_duration(Duration duration) {
    const auto ns = static_cast<double>(duration.count());
    const auto print = [](double number, const char* unit) {
        char text[32];
        std::snprintf(text, sizeof text, "%.3g%s", number, unit);
        return std::string(text);
    };
    if (ns < 999.5e3) return print(ns / 1e3, "us");
    if (ns < 999.5e6) return print(ns / 1e6, "ms");
    if (ns < 60e9) return print(ns / 1e9, "s");
    return format_duration(std::chrono::round<std::chrono::seconds>(duration));
}

std::uint64_t unix_nano_now() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<Duration>(std::chrono::system_clock::now().time_since_epoch()).count());
}

std::string format_time(std::int64_t unix_nano, int digits) {
    constexpr std::int64_t kPerSecond = 1'000'000'000;
    const auto rest = unix_nano % kPerSecond;
    const std::time_t seconds = unix_nano / kPerSecond - (rest < 0 ? 1 : 0);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    char date[32], fraction[16];
    std::strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(fraction, sizeof fraction, ".%09d", static_cast<int>(rest < 0 ? rest + kPerSecond : rest));
    return date + std::string(fraction, digits == 0 ? 0 : static_cast<std::size_t>(digits) + 1) + "Z";
}

std::string time_text(std::uint64_t unix_nano) {
    return unix_nano == 0 ? std::string() : format_time(static_cast<std::int64_t>(unix_nano), 0);
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{}) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (text.empty()) return number;
    for (const SizeUnit& unit : kSizeUnits)
        if (text == unit.name)
            return number > std::numeric_limits<std::uint64_t>::max() / unit.bytes ? std::nullopt
                                                                                   : std::optional(number * unit.bytes);
    return std::nullopt;
}

std::string format_size(std::uint64_t bytes) {
    for (const SizeUnit& unit : kSizeUnits)
        if (bytes >= unit.bytes && bytes % unit.bytes == 0)
            return std::to_string(bytes / unit.bytes) + std::string(unit.name);
    return std::to_string(bytes) + "B";
}

}  // namespace base
