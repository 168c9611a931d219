#include "settings/layer.hpp"

#include <algorithm>

#include "settings/command_line.hpp"

namespace settings {
namespace {

bool says_nothing(const Node& node) {
    return node.kind == Node::Kind::null && !node.whole;
}

/// The entry of a Node or a const Node.
template <typename Map>
auto* find(Map& map, std::string_view name) {
    const auto found = std::find_if(map.entries.begin(), map.entries.end(),
                                    [&](const Entry& entry) { return entry.key.text == name; });
    return found == map.entries.end() ? nullptr : &*found;
}

void add_defaults(Node& own, const Node& defaults, const std::string& path, std::vector<std::string>& taken) {
    if (own.kind == Node::Kind::null) own.kind = Node::Kind::map;
    for (const Entry& entry : defaults.entries) {
        const std::string key = joined(path, entry.key.text);
        Entry* said = find(own, entry.key.text);
        if (said && said->value.kind == Node::Kind::map && entry.value.kind == Node::Kind::map) {
            add_defaults(said->value, entry.value, key, taken);
        } else if (!said || says_nothing(said->value)) {
            if (said)
                *said = entry;
            else
                own.entries.push_back(entry);
            taken.push_back(key);
        }
    }
}

struct Parameter {
    std::string placeholder;
    const Node& value;
};

/// One parameter after the other would find placeholders in values.
void fill_in(Node& node, const std::vector<Parameter>& parameters) {
    for (Node& item : node.items) fill_in(item, parameters);
    for (Entry& entry : node.entries) fill_in(entry.value, parameters);
    const std::string before = node.whole.value_or(node.text);
    if (before.find('{') == std::string::npos) return;
    Replacements texts, written;
    for (const auto& [placeholder, value] : parameters) {
        texts.emplace_back(placeholder, value.whole.value_or(value.text));
        written.emplace_back(placeholder, value.written);
        if (before.find(placeholder) == std::string::npos) continue;
        node.expanded = node.expanded || value.expanded;
        if (node.mark.file != 0 && value.mark.file == 0) node.mark = value.mark;
    }
    node.text = replaced(node.text, texts);
    if (node.whole) node.whole = replaced(*node.whole, texts);
    node.written = replaced(node.written, written);
}

}  // namespace

const Node* value_of(const Node& map, std::string_view name) {
    const Entry* entry = find(map, name);
    return entry ? &entry->value : nullptr;
}

const std::vector<Entry>& entries_of(const Node& map, std::string_view name) {
    static const std::vector<Entry> none;
    const Node* value = value_of(map, name);
    return value ? value->entries : none;
}

std::vector<std::string> add_defaults(Node& own, const Node& defaults) {
    std::vector<std::string> taken;
    add_defaults(own, defaults, "", taken);
    return taken;
}

void fill_in_parameters(Node& agent) {
    std::vector<Parameter> parameters;
    for (const Entry& entry : entries_of(agent, "parameters"))
        if (entry.value.kind == Node::Kind::scalar || entry.value.whole)
            parameters.push_back({"{" + entry.key.text + "}", entry.value});
    Entry* executable = find(agent, "executable");
    if (executable && executable->value.kind == Node::Kind::scalar) {
        fill_in(executable->value, parameters);
        parameters.push_back({std::string(kExecutablePlaceholder.name), executable->value});
    }
    if (parameters.empty()) return;
    for (Entry& entry : agent.entries)
        if (entry.key.text != "parameters" && &entry != executable) fill_in(entry.value, parameters);
}

}  // namespace settings
