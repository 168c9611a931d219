#include "demo/settings.hpp"

#include <yaml-cpp/yaml.h>

#include <string>

#include "base/files.hpp"

namespace demo {
namespace {

constexpr std::uint64_t kMostBytes = 1u << 20;

base::Result<bool> read_bool(const YAML::Node& node, std::string_view key) {
    bool value = false;
    constexpr const char* kQuoted = "!";
    if (node.IsScalar() && node.Tag() != kQuoted && YAML::convert<bool>::decode(node, value)) return value;
    const std::string found = node.IsScalar() ? "'" + node.Scalar() + "'" : node.IsNull() ? "nothing" : "a structure";
    return base::Error(base::Kind::invalid, std::string(key) + " must be true or false, not " + found);
}

}  // namespace

base::Result<Settings> parse_settings(std::string_view yaml) {
    try {
        const YAML::Node root = YAML::Load(std::string(yaml));
        if (root.IsNull()) return Settings{};
        if (!root.IsMap()) return base::Error(base::Kind::invalid, "the config must be a map of keys and values");
        Settings settings;
        if (const YAML::Node node = root["instrument"]) {
            auto instrument = read_bool(node, "instrument");
            if (!instrument) return std::move(instrument).error();
            settings.instrument = *instrument;
        }
        return settings;
    } catch (const YAML::Exception& e) {
        return base::Error(base::Kind::invalid, std::string("not valid YAML: ") + e.what());
    }
}

base::Result<Settings> load_settings(const std::filesystem::path& file) {
    auto text = base::read_file(file, kMostBytes);
    if (!text && text.error().kind() == base::Kind::not_found) return Settings{};
    if (!text) return std::move(text).error();
    auto settings = parse_settings(*text);
    if (!settings) return std::move(settings).error().within("'" + file.string() + "'");
    return settings;
}

}  // namespace demo
