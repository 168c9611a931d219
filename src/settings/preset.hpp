// Presets: kinds of agents as files, whose keys are defaults of an agent.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/embedded.hpp"
#include "settings/environment.hpp"
#include "settings/settings.hpp"
#include "settings/tree.hpp"

namespace settings {

/// The files of config/presets.
std::span<const base::EmbeddedFile> preset_files();

/// Finds presets and puts them below what agents say themselves. Each preset is read once.
class PresetReader {
public:
    PresetReader(const Environment& environment, Report& report) : environment_(environment), report_(report) {}

    /// The agent's section `own`, which is a map or null, over the preset that it names, with the preset's parameters
    /// filled in. `path` is its key in the settings file. A preset of `directory` wins over a built-in one. Without a
    /// preset that can be used, `own` as it is, and the key `preset` has failed.
    Node over_preset(const Node& own, const std::string& path, const std::filesystem::path& directory, Agent& agent);

private:
    struct Preset {
        std::string name;
        std::string file;  ///< Empty: built in.
        std::string summary;
        Node tree;
    };
    struct Text {
        std::string file;
        std::string yaml;
    };

    const Preset* find(const std::string& name, const Node* written, const std::string& path,
                       const std::filesystem::path& directory);
    std::optional<Text> text_of(const std::string& name, const Node* written, const std::string& path,
                                const std::filesystem::path& directory);
    std::optional<Preset> read(const std::string& name, const Text& text);
    void check_parameters(const Node& own, const Preset& preset, const Node& whole, const std::string& path);

    const Environment& environment_;
    Report& report_;
    std::map<std::string, std::optional<Preset>> presets_;  ///< Nothing: it is broken, and its problems are reported.
};

}  // namespace settings
