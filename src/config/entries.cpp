#include "config/entries.hpp"

#include <algorithm>

#include "base/bytes.hpp"

namespace config {
namespace {

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

std::string media_type(const std::string& content_type) {
    std::string type = lower(content_type.substr(0, content_type.find(';')));
    type.erase(type.find_last_not_of(" \t") + 1);
    return type;
}

}  // namespace config
