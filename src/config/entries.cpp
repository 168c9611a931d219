#include "config/entries.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace config {
namespace {

constexpr std::size_t kMostEntries = 1000;
constexpr std::size_t kLongestName = 200;

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(),
                   [](unsigned char c) { return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c); });
    return result;
}

}  // namespace

bool is_yaml(const std::string& name, const opamp::ConfigFile& file, Format format) {
    if (format != Format::automatic) return format == Format::yaml;
    if (!file.content_type.empty()) {
        const std::string type = lower(file.content_type);
        return type.find("yaml") != std::string::npos || type.find("json") != std::string::npos;
    }
    const std::string ending = lower(name);
    return name.empty() || ending.ends_with(".yaml") || ending.ends_with(".yml") || ending.ends_with(".json") ||
           ending.find('.') == std::string::npos;
}

std::string entry_name(const std::string& name) {
    return name.empty() ? "the entry without a name" : "entry " + base::quoted_if_needed(name);
}

base::Result<void> check_count(const opamp::ConfigMap& files) {
    if (files.size() <= kMostEntries) return {};
    return base::Error(base::Kind::too_large, "a config of " + std::to_string(files.size()) + " entries, and " +
                                                  std::to_string(kMostEntries) + " is the most there may be");
}

base::Result<void> check_file_name(const std::string& name) {
    const bool has_control =
        std::any_of(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; });
    const bool bad = name.empty() || name.starts_with('.') || name.find('/') != std::string::npos || has_control ||
                     name.size() > kLongestName;
    if (!bad) return {};
    return base::Error(base::Kind::invalid, entry_name(name) + " cannot be a file name")
        .hint("no '/', no leading dot, no control character, at most " + std::to_string(kLongestName) + " bytes");
}

std::string media_type(const std::string& content_type) {
    std::string type = lower(content_type.substr(0, content_type.find(';')));
    type.erase(type.find_last_not_of(" \t") + 1);
    return type;
}

}  // namespace config
