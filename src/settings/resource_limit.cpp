#include "settings/resource_limit.hpp"

#include <sys/resource.h>

#include <algorithm>
#include <iterator>

#include "base/number.hpp"
#include "base/units.hpp"

namespace settings {
namespace {

enum class Unit { count, bytes, seconds, microseconds };

struct Resource {
    std::string_view name;
    int number;
    Unit unit;
};

constexpr Resource kResources[] = {
    {"as", RLIMIT_AS, Unit::bytes},
    {"core", RLIMIT_CORE, Unit::bytes},
    {"cpu", RLIMIT_CPU, Unit::seconds},
    {"data", RLIMIT_DATA, Unit::bytes},
    {"fsize", RLIMIT_FSIZE, Unit::bytes},
    {"locks", RLIMIT_LOCKS, Unit::count},
    {"memlock", RLIMIT_MEMLOCK, Unit::bytes},
    {"msgqueue", RLIMIT_MSGQUEUE, Unit::bytes},
    {"nice", RLIMIT_NICE, Unit::count},
    {"nofile", RLIMIT_NOFILE, Unit::count},
    {"nproc", RLIMIT_NPROC, Unit::count},
    {"rss", RLIMIT_RSS, Unit::bytes},
    {"rtprio", RLIMIT_RTPRIO, Unit::count},
    {"rttime", RLIMIT_RTTIME, Unit::microseconds},
    {"sigpending", RLIMIT_SIGPENDING, Unit::count},
    {"stack", RLIMIT_STACK, Unit::bytes},
};

std::optional<std::uint64_t> parse_value(std::string_view text, Unit unit) {
    if (text == "unlimited" || text == "infinity") return RLIM_INFINITY;
    if (const auto number = base::parse_number<std::uint64_t>(text)) return number;
    if (unit == Unit::bytes) return base::parse_size(text);
    if (unit == Unit::count) return std::nullopt;
    const auto duration = base::parse_duration(text);
    if (!duration) return std::nullopt;
    const std::chrono::nanoseconds one = unit == Unit::seconds ? std::chrono::seconds(1) : std::chrono::microseconds(1);
    return static_cast<std::uint64_t>((*duration + one - std::chrono::nanoseconds(1)) / one);
}

const char* example_of(Unit unit) {
    switch (unit) {
    case Unit::count: return "a number";
    case Unit::bytes: return "a size such as 64MiB";
    case Unit::seconds: return "seconds, or a duration such as 10m";
    case Unit::microseconds: return "microseconds, or a duration such as 200ms";
    }
    return "";
}

std::string value_text(std::uint64_t value) {
    return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

}  // namespace

base::Result<ResourceLimit> parse_limit(const std::string& name, std::string_view text) {
    const auto found = std::ranges::find(kResources, name, &Resource::name);
    if (found == std::end(kResources))
        return base::Error(base::Kind::invalid, "is no limit (write one of " + limit_names() + ")");
    const std::size_t colon = std::min(text.find(':'), text.size());
    const auto soft = parse_value(text.substr(0, colon), found->unit);
    const auto hard = colon == text.size() ? soft : parse_value(text.substr(colon + 1), found->unit);
    if (!soft || !hard)
        return base::Error(base::Kind::invalid,
                           std::string("is not SOFT or SOFT:HARD, each ") + example_of(found->unit) + ", or unlimited");
    if (*soft > *hard)
        return base::Error(base::Kind::invalid, "has a soft limit above its hard one (change one of them)");
    return ResourceLimit{name, found->number, *soft, *hard};
}

std::string limit_text(const ResourceLimit& limit) {
    return limit.soft == limit.hard ? value_text(limit.hard) : value_text(limit.soft) + ":" + value_text(limit.hard);
}

std::optional<std::uint64_t> parse_cpu_share(std::string_view text) {
    constexpr std::uint64_t kMost = 1'000'000;
    if (!text.ends_with('%')) return std::nullopt;
    const auto percent = base::parse_number<std::uint64_t>(text.substr(0, text.size() - 1));
    return percent && *percent >= 1 && *percent <= kMost ? percent : std::nullopt;
}

std::string limit_names() {
    std::string names;
    for (const Resource& resource : kResources) names += (names.empty() ? "" : ", ") + std::string(resource.name);
    return names;
}

}  // namespace settings
