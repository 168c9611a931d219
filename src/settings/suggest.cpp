#include "settings/suggest.hpp"

#include <algorithm>

#include "settings/keys.hpp"
#include "settings/tree.hpp"

namespace settings {
namespace {

/// No key is longer; the distance to a long text takes long.
constexpr std::size_t kLongestName = 64;

/// Up to a third of the letters may be wrong.
bool is_near(std::string_view name, std::string_view known) {
    return edit_distance(name, known) <= std::max<std::size_t>(1, std::max(name.size(), known.size()) / 3);
}

/// The key or section elsewhere that ends with `name`.
std::string elsewhere(std::string_view name) {
    for (const Key& key : keys()) {
        if (key.name.ends_with("." + std::string(name))) return std::string(key.name);
        if (section_of(key.name).ends_with("." + std::string(name))) return std::string(section_of(key.name));
    }
    return "";
}

}  // namespace

std::vector<std::string> names_in(std::string_view path) {
    std::vector<std::string> names;
    const std::string prefix = path.empty() ? "" : std::string(path) + ".";
    for (const Key& key : keys()) {
        if (!key.name.starts_with(prefix)) continue;
        const std::string_view rest = key.name.substr(prefix.size());
        std::string name(rest.substr(0, rest.find('.')));
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(std::move(name));
    }
    return names;
}

std::string remedy_for_unknown(std::string_view path, std::string_view name) {
    const std::vector<std::string> known = names_in(path);
    if (const std::string near = nearest(name, known); !near.empty()) return "(did you mean " + near + "?)";
    if (const std::string place = elsewhere(name); !place.empty()) return "(did you mean " + place + "?)";
    return "(known here: " + listed(known) + ")";
}

std::string nearest(std::string_view name, const std::vector<std::string>& known) {
    if (name.size() > kLongestName) return "";
    const auto best = std::min_element(known.begin(), known.end(), [&](const std::string& a, const std::string& b) {
        return edit_distance(name, a) < edit_distance(name, b);
    });
    return best != known.end() && is_near(name, *best) ? *best : "";
}

std::string listed(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t wrong = a[i - 1] == b[j - 1] ? 0 : 1;
            row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + wrong});
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                row[j] = std::min(row[j], before[j - 2] + 1);
        }
        before.swap(last);
        last.swap(row);
    }
    return last[b.size()];
}

}  // namespace settings
