#include "settings/preset.hpp"

#include <algorithm>
#include <utility>

#include "settings/check_placeholders.hpp"
#include "settings/checks.hpp"
#include "settings/expand.hpp"
#include "settings/layer.hpp"
#include "settings/suggest.hpp"

namespace settings {
namespace {

constexpr std::string_view kEnding = ".yaml";

/// Takes the entry `name` out of `map`.
std::optional<Entry> taken_out(Node& map, std::string_view name) {
    const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                    [&](const Entry& entry) { return entry.key.text == name; });
    if (found == map.entries.end()) return std::nullopt;
    Entry entry = std::move(*found);
    map.entries.erase(found);
    return entry;
}

/// The text of `name`, taken out of a preset.
std::string text_taken_out(Node& map, std::string_view name, const char* remedy, Report& report) {
    const auto entry = taken_out(map, name);
    if (!entry) return "";
    if (entry->value.kind != Node::Kind::scalar && entry->value.kind != Node::Kind::null)
        report.add(entry->key.mark, std::string(name), std::string("is not text (") + remedy + ")");
    return entry->value.written;
}

}  // namespace

std::vector<std::string> preset_names(const std::filesystem::path& directory, const Environment& environment) {
    std::vector<std::string> names = environment.file_names(directory);
    for (const base::EmbeddedFile& file : preset_files()) names.emplace_back(file.name);
    std::erase_if(names, [](const std::string& name) { return !name.ends_with(kEnding); });
    for (std::string& name : names) name.resize(name.size() - kEnding.size());
    std::erase_if(names, [](const std::string& name) { return !is_plain_name(name); });
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    return names;
}

Node PresetReader::over_preset(const Node& own, const std::string& path, const std::filesystem::path& directory,
                               Agent& agent) {
    const Node* written = value_of(own, "preset");
    if (written && written->kind == Node::Kind::null) written = nullptr;
    // What is no name at all is refused when the key itself is read.
    if (written && (written->kind != Node::Kind::scalar || !is_plain_name(written->text))) return own;
    const auto of_program = written ? std::nullopt : name_of_program(own, directory);
    const std::string name = written ? written->text : of_program.value_or(agent.preset);
    const Preset* preset = find(name, written, path, directory);
    if (!preset) {
        report_.spoil(joined(path, "preset"));
        return own;
    }
    Node whole = own;
    if (of_program) agent.preset = name;
    agent.from_preset = {preset->file, preset->summary, add_defaults(whole, preset->tree), of_program.has_value()};
    check_parameters(own, *preset, whole, path);
    check_placeholders(whole, path, report_);
    fill_in_parameters(whole);
    return whole;
}

const Preset* PresetReader::find(const std::string& name, const Node* written, const std::string& path,
                                 const std::filesystem::path& directory) {
    auto known = presets_.find(name);
    if (known == presets_.end()) {
        const auto text = text_of(name, written, path, directory);
        if (!text) return nullptr;
        known = presets_.emplace(name, read(name, *text)).first;
    }
    return known->second ? &*known->second : nullptr;
}

std::optional<PresetReader::Text> PresetReader::text_of(const std::string& name, const Node* written,
                                                        const std::string& path,
                                                        const std::filesystem::path& directory) {
    const std::string file_name = name + std::string(kEnding);
    auto own = environment_.read(directory / file_name);
    if (own) return Text{(directory / file_name).string(), *std::move(own)};
    // Who names no preset need not be able to enter the folder.
    if (written && own.error().kind() != base::Kind::not_found) {
        report_.add(written->mark, joined(path, "preset"), "cannot be used: " + own.error().message());
        return std::nullopt;
    }
    if (const auto embedded = base::content_of(preset_files(), file_name)) return Text{"", std::string(*embedded)};
    if (!written) return std::nullopt;
    const auto misnamed = directory / (name + ".yml");
    if (environment_.look_at(misnamed).kind != PathKind::missing) {
        report_.add(written->mark, joined(path, "preset"),
                    "'" + written->written + "' is not a preset ('" + misnamed.string() + "' has to end in " +
                        std::string(kEnding) + ")");
        return std::nullopt;
    }
    const auto names = preset_names(directory, environment_);
    const std::string near = written->expanded ? "" : nearest(name, names);
    report_.add(written->mark, joined(path, "preset"),
                "'" + written->written + "' is not a preset (" + (near.empty() ? "" : "did you mean " + near + "? ") +
                    "known: " + listed(names) + "; others go into " + directory.string() + ")");
    return std::nullopt;
}

std::optional<Preset> PresetReader::read(const std::string& name, const Text& text) {
    const int file = report_.add_file(text.file.empty() ? "built-in preset " + name : text.file);
    auto tree = read_yaml(text.yaml, report_, file);
    if (!tree) return std::nullopt;
    if (tree->kind != Node::Kind::map && tree->kind != Node::Kind::null) {
        report_.add(tree->mark, "",
                    "the file is not a map (write keys of an agent, such as executables: [redis-server])");
        return std::nullopt;
    }
    tidy(*tree, "", report_);
    expand(*tree, "", environment_, report_);
    if (const auto base = taken_out(*tree, "preset"))
        report_.add(base->key.mark, "preset", "stands in a preset, which cannot build on another one (remove it)");
    Preset preset;
    preset.name = name;
    preset.file = text.file;
    preset.tree = std::move(*tree);
    preset.summary = text_taken_out(preset.tree, "summary", "say in a few words what it is for", report_);
    preset.checked = text_taken_out(preset.tree, "checked", "say what it was held against", report_);
    take_executables(preset);
    return preset;
}

/// The names of its program; the first of them that is there becomes its executable.
void PresetReader::take_executables(Preset& preset) {
    const Node* only = value_of(preset.tree, "executable");
    if (auto names = taken_out(preset.tree, "executables")) {
        if (only) report_.add(names->key.mark, "executables", "is given together with executable (keep one)");
        const bool is_list = names->value.kind == Node::Kind::sequence;
        for (const Node& name : is_list ? names->value.items : std::vector<Node>{names->value})
            if (name.kind == Node::Kind::scalar && !name.text.empty()) preset.executables.push_back(name.text);
        if (preset.executables.empty())
            return report_.add(names->key.mark, "executables", "has no names (give those that the program may have)");
        Entry chosen = std::move(*names);
        chosen.key.text = chosen.key.written = "executable";
        chosen.value = {};
        chosen.value.kind = Node::Kind::scalar;
        chosen.value.mark = chosen.key.mark;
        const auto there = std::find_if(preset.executables.begin(), preset.executables.end(), [&](std::string name) {
            return !program({"", name}, environment_);
        });
        chosen.value.text = chosen.value.written = there == preset.executables.end() ? preset.executables[0] : *there;
        preset.tree.entries.insert(preset.tree.entries.begin(), std::move(chosen));
    } else if (only && only->kind == Node::Kind::scalar) {
        preset.executables.push_back(std::filesystem::path(only->text).filename().string());
    }
}

std::optional<std::string> PresetReader::name_of_program(const Node& own, const std::filesystem::path& directory) {
    const Node* executable = value_of(own, "executable");
    const Node* args = value_of(own, "args");
    const bool has_args = args && (args->kind != Node::Kind::null || args->whole);
    if (!executable || executable->kind != Node::Kind::scalar || has_args) return std::nullopt;
    const std::string program = std::filesystem::path(executable->text).filename().string();
    if (program.empty()) return std::nullopt;
    for (const std::string& name : preset_names(directory, environment_)) {
        const auto text = text_of(name, nullptr, "", directory);
        // Most have not even the word: they need not be read.
        if (!text || text->yaml.find(program) == std::string::npos) continue;
        const Preset* preset = find(name, nullptr, "", directory);
        if (preset &&
            std::find(preset->executables.begin(), preset->executables.end(), program) != preset->executables.end())
            return name;
    }
    return std::nullopt;
}

std::vector<Preset> PresetReader::all(const std::filesystem::path& directory) {
    std::vector<Preset> known;
    for (const std::string& name : preset_names(directory, environment_))
        if (const Preset* preset = find(name, nullptr, "", directory)) known.push_back(*preset);
    return known;
}

void PresetReader::check_parameters(const Node& own, const Preset& preset, const Node& whole, const std::string& path) {
    const std::string section = joined(path, "parameters");
    std::vector<std::string> names;
    for (const Entry& entry : entries_of(preset.tree, "parameters")) names.push_back(entry.key.text);
    for (const Entry& entry : entries_of(own, "parameters")) {
        if (std::find(names.begin(), names.end(), entry.key.text) != names.end()) continue;
        const std::string near = nearest(entry.key.text, names);
        const std::string remedy = names.empty()  ? "(remove it: there are none)"
                                   : near.empty() ? "(known here: " + listed(names) + ")"
                                                  : "(did you mean " + near + "?)";
        report_.add(entry.key.mark, entry.key.expanded ? section : joined(section, entry.key.text),
                    "is not a parameter of preset " + preset.name + " " + remedy);
    }
    for (const Entry& entry : entries_of(whole, "parameters"))
        if (entry.value.kind == Node::Kind::null && !entry.value.whole)
            report_.add(joined(section, entry.key.text), "is missing (preset " + preset.name + " has no value for it)");
}

}  // namespace settings
