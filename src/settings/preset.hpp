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

/// What a preset says of itself, beside the keys of an agent.
struct Preset {
    std::string name;
    std::string file;                      ///< Empty: built in.
    std::string summary;                   ///< What it is for.
    std::string checked;                   ///< What it was held against.
    std::vector<std::string> executables;  ///< Names of the program. The first that is there is the one to run.
    Node tree;                             ///< The keys of an agent.
};

/// Finds presets and puts them below what agents say themselves. Each preset is read once.
class PresetReader {
public:
    PresetReader(const Environment& environment, Report& report) : environment_(environment), report_(report) {}

    /// The agent's section `own`, which is a map or null, over its preset, with the preset's parameters filled in.
    /// `path` is its key in the settings file. Its preset is the one that it names; without a name the one that has the
    /// name of its program, unless it has arguments of its own, which a preset's probes may not fit. A preset of
    /// `directory` wins over a built-in one. Without a preset that can be used, `own` as it is, and the key `preset`
    /// has failed.
    Node over_preset(const Node& own, const std::string& path, const std::filesystem::path& directory, Agent& agent);

    /// All that can be named, by their names; those that are broken are reported and left out.
    std::vector<Preset> all(const std::filesystem::path& directory);

private:
    struct Text {
        std::string file;
        std::string yaml;
    };

    const Preset* find(const std::string& name, const Node* written, const std::string& path,
                       const std::filesystem::path& directory);
    std::optional<std::string> name_of_program(const Node& own, const std::filesystem::path& directory);
    std::optional<Text> text_of(const std::string& name, const Node* written, const std::string& path,
                                const std::filesystem::path& directory);
    std::optional<Preset> read(const std::string& name, const Text& text);
    void take_executables(Preset& preset);
    void check_parameters(const Node& own, const Preset& preset, const Node& whole, const std::string& path);

    const Environment& environment_;
    Report& report_;
    std::map<std::string, std::optional<Preset>> presets_;  ///< Nothing: it is broken, and its problems are reported.
};

/// Names of what is in `directory` and built in, in order.
std::vector<std::string> preset_names(const std::filesystem::path& directory, const Environment& environment);

}  // namespace settings
