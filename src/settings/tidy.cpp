// Merge keys and duplicate keys.
#include <algorithm>
#include <iterator>

#include "settings/tree.hpp"

namespace settings {
namespace {

bool is_merge(const Entry& entry) {
    return entry.key.kind == Node::Kind::scalar && entry.key.text == "<<";
}

const Entry* find(const std::vector<Entry>& entries, std::string_view name) {
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const Entry& entry) {
        return entry.key.kind == Node::Kind::scalar && entry.key.text == name;
    });
    return found == entries.end() ? nullptr : &*found;
}

/// Adds what `entries` does not have itself.
void merge(std::vector<Entry>& entries, Node from, const std::string& path, Report& report) {
    if (from.kind == Node::Kind::sequence) {
        for (Node& item : from.items) merge(entries, std::move(item), path, report);
        return;
    }
    if (from.kind != Node::Kind::map) {
        report.add(from.mark, joined(path, "<<"), "is not a map (merge a map that has an &anchor: '<<: *anchor')");
        return;
    }
    tidy(from, path, report);
    for (Entry& entry : from.entries)
        if (!find(entries, entry.key.text)) entries.push_back(std::move(entry));
}

/// Moves what stands in the map itself to `own`, and returns what it merges in.
std::vector<Node> take_own_entries(std::vector<Entry>& all, std::vector<Entry>& own, const std::string& path,
                                   Report& report) {
    std::vector<Node> merged;
    for (Entry& entry : all) {
        const Entry* first = find(own, entry.key.text);
        if (is_merge(entry))
            merged.push_back(std::move(entry.value));
        else if (entry.key.kind != Node::Kind::scalar)
            report.add(entry.key.mark, path, "has a key that is not text (write NAME: VALUE)");
        else if (first)
            report.add(entry.key.mark, entry.key.expanded ? path : joined(path, entry.key.text),
                       "is given twice, first on line " + std::to_string(first->key.mark.line) + " (keep one)");
        else
            own.push_back(std::move(entry));
    }
    return merged;
}

}  // namespace

std::string joined(std::string_view path, std::string_view name) {
    return path.empty() ? std::string(name) : std::string(path) + "." + std::string(name);
}

void tidy(Node& node, const std::string& path, Report& report) {
    for (Node& item : node.items) tidy(item, path, report);
    if (node.kind != Node::Kind::map) return;
    std::vector<Entry> own;
    std::vector<Node> merged = take_own_entries(node.entries, own, path, report);
    for (Entry& entry : own) tidy(entry.value, joined(path, entry.key.text), report);
    for (Node& from : merged) merge(own, std::move(from), path, report);
    node.entries = std::move(own);
}

}  // namespace settings
