#include <algorithm>
#include <optional>
#include <string>

#include "base/number.hpp"
#include "base/units.hpp"
#include "settings/capability_name.hpp"
#include "settings/checks.hpp"
#include "settings/environment_file.hpp"
#include "settings/resource_limit.hpp"

namespace settings {
namespace {

constexpr std::string_view kUnlimited = "unlimited";

Complaint between(const Item& item, int least, int most) {
    const auto number = base::parse_number<int>(item.text);
    if (number && *number >= least && *number <= most) return std::nullopt;
    return "is not a number from " + std::to_string(least) + " to " + std::to_string(most);
}

}  // namespace

Complaint file_mode(Item item, const Environment&) {
    const bool is_octal = item.text.find_first_not_of("01234567") == std::string::npos;
    const std::size_t digits = item.text.size() - std::min(item.text.find_first_not_of('0'), item.text.size());
    if (item.text.empty() || !is_octal || digits > 3) return "is not a file mode (write octal digits: 0027)";
    return std::nullopt;
}

Complaint resource_limit(Item item, const Environment&) {
    if (auto limit = parse_limit(std::string(item.name), item.text); !limit) return limit.error().text();
    return std::nullopt;
}

Complaint nice_value(Item item, const Environment&) {
    return between(item, -20, 19);
}

Complaint oom_score(Item item, const Environment&) {
    return between(item, -1000, 1000);
}

Complaint capability(Item item, const Environment&) {
    if (!parse_capability(std::string_view(item.text).substr(item.text.starts_with('~') ? 1 : 0)))
        return "is no capability of Linux (write a name such as CAP_NET_BIND_SERVICE)";
    return std::nullopt;
}

Complaint size_or_unlimited(Item item, const Environment&) {
    if (item.text == kUnlimited || base::parse_size(item.text)) return std::nullopt;
    return "is not a size (write 512MiB, or unlimited)";
}

Complaint count_or_unlimited(Item item, const Environment&) {
    if (item.text == kUnlimited || base::parse_number<std::uint32_t>(item.text).value_or(0) > 0) return std::nullopt;
    return "is not a number from 1 up (nor unlimited)";
}

Complaint weight(Item item, const Environment&) {
    return between(item, 1, 10000);
}

Complaint cpu_share(Item item, const Environment&) {
    if (item.text == kUnlimited || parse_cpu_share(item.text)) return std::nullopt;
    return "is not a share of CPUs (write 50% for half of one, or unlimited)";
}

Complaint environment_file(Item item, const Environment& environment) {
    EnvironmentFile file = environment_file_of(item.text);
    const bool is_there = environment.look_at(absolute(file.path, environment)).kind != PathKind::missing;
    if (is_there || !file.may_be_missing || file.path.empty())
        if (auto complaint = readable_file({"", file.path}, environment)) return complaint;
    file.path = absolute(file.path, environment).string();
    item.text = (file.may_be_missing ? "-" : "") + file.path;
    if (!is_there) return std::nullopt;
    const auto text = environment.read(file.path);
    if (!text) return "cannot be read (" + text.error().text() + ")";
    if (const auto variables = parse_environment_file(*text); !variables)
        return "is not a file of variables: " + variables.error().text();
    return std::nullopt;
}

Complaint credential(Item item, const Environment& environment) {
    if (!is_plain_name(item.name))
        return "is not a name for a credential (letters, digits, '.', '_' and '-', no dot in front, at most 64)";
    return readable_file(item, environment);
}

}  // namespace settings
