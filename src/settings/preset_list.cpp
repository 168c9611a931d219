#include "settings/preset_list.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "settings/layer.hpp"

namespace settings {
namespace {

constexpr std::string_view kBeginning = R"(# Built-in presets

<!-- Made from config/presets. Change it there; then run the unit tests with OPAMPD_UPDATE_DOCS=1. -->

How to use them, and how to write one: [presets.md](presets.md). `opampd --list-presets` lists them, with yours.
`{config}` is the agent's config, other words in braces are parameters.
)";

std::string text_at(const Node& tree, std::initializer_list<std::string_view> path) {
    const Node* node = &tree;
    for (const std::string_view name : path)
        if (node) node = value_of(*node, name);
    if (!node) return "";
    std::string text = node->written;
    for (const Node& item : node->items) text += (text.empty() ? "" : " ") + item.written;
    return text;
}

std::string code(const std::string& text) {
    return text.empty() ? "" : "`" + text + "`";
}

std::string reload_of(const Node& tree) {
    const std::string signal = text_at(tree, {"reload", "signal"}), url = text_at(tree, {"reload", "url"});
    const std::string command = text_at(tree, {"reload", "command"});
    return !signal.empty() ? signal : !url.empty() ? "POST " + code(url) : code(command);
}

std::string proof_of(const Node& tree) {
    const auto confirm = [&](std::string_view name) { return text_at(tree, {"reload", "confirm", name}); };
    if (const std::string line = confirm("line"); !line.empty()) return code(line) + " of " + code(confirm("url"));
    if (!confirm("url").empty()) return code(confirm("url"));
    if (!confirm("command").empty()) return "what " + code(confirm("command")) + " prints";
    if (!confirm("output").empty()) return "it prints " + code(confirm("output"));
    if (!confirm("children").empty()) return "it has new child processes";
    const bool answers = !text_at(tree, {"reload", "url"}).empty() || !text_at(tree, {"reload", "command"}).empty();
    return answers ? "the answer" : "";
}

std::string probe_of(const Node& tree) {
    const std::string type = text_at(tree, {"health", "type"});
    if (type.empty()) return "";
    const std::string endpoint = text_at(tree, {"health", "endpoint"});
    return type + (endpoint.empty() ? "" : " " + code(endpoint));
}

void add_row(std::string& page, const std::string& what, const std::string& value) {
    if (value.empty()) return;
    std::string escaped;
    for (const char c : value) escaped += c == '|' ? std::string("\\|") : std::string(1, c);
    page += "| " + what + " | " + escaped + " |\n";
}

std::string chapter_of(const Preset& preset, std::string_view yaml) {
    std::string programs;
    for (const std::string& name : preset.executables) programs += (programs.empty() ? "" : ", ") + code(name);
    std::string page = "\n## `" + preset.name + "`\n\n" + preset.summary + ".\n\n| | |\n|---|---|\n";
    page[page.find(preset.summary)] = static_cast<char>(std::toupper(static_cast<unsigned char>(preset.summary[0])));
    add_row(page, "programs", programs);
    add_row(page, "arguments", code(text_at(preset.tree, {"args"})));
    add_row(page, "config", code(text_at(preset.tree, {"config_path"})));
    add_row(page, "checked by", code(text_at(preset.tree, {"config_check", "command"})));
    add_row(page, "reloaded by", reload_of(preset.tree));
    add_row(page, "reload seen by", proof_of(preset.tree));
    add_row(page, "probed by", probe_of(preset.tree));
    add_row(page, "held against", preset.checked);
    return page + "\n```yaml\n" + std::string(yaml) + "```\n";
}

}  // namespace

std::string list_of(const std::vector<Preset>& presets) {
    std::size_t longest = 0;
    for (const Preset& preset : presets) longest = std::max(longest, preset.name.size());
    std::string text;
    for (const Preset& preset : presets) {
        std::string name = preset.name;
        name.resize(longest + 2, ' ');
        text += name + (preset.summary.empty() ? "(it does not say)" : preset.summary) +
                (preset.file.empty() ? "" : " [" + preset.file + "]") + "\n";
    }
    return text;
}

std::string preset_page() {
    Report report;
    PresetReader reader(system_environment(), report);
    std::string page(kBeginning);
    for (const Preset& preset : reader.all("/nonexistent"))
        page += chapter_of(preset, *base::content_of(preset_files(), preset.name + ".yaml"));
    return page;
}

}  // namespace settings
