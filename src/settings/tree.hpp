// A YAML document as a tree that remembers places, order and what was written.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "settings/problem.hpp"

namespace settings {

struct Entry;

struct Node {
    enum class Kind { null, scalar, sequence, map, broken };  ///< broken: already reported.

    Kind kind = Kind::null;
    Mark mark;                         ///< Of the key where the node is a map's value, else its own.
    std::string text;                  ///< Of a scalar.
    std::optional<std::string> whole;  ///< Text that was expanded into this node, for keys that take text.
    std::string written;               ///< As it stands in the file: may be shown where `text` may hold a secret.
    bool expanded = false;
    std::vector<Node> items;
    std::vector<Entry> entries;
};

struct Entry {
    Node key;
    Node value;
};

/// The single document of `text`. Nothing after a problem: broken YAML, or more than one document.
/// Aliases are resolved; their expansion is limited.
/// `file` is where the marks point to.
std::optional<Node> read_yaml(std::string_view text, Report& report, int file = 0);

/// Resolves merge keys ("<<") and reports keys that are given twice (the first one stays) or are not text.
/// `path` is the key of `node` itself.
void tidy(Node& node, const std::string& path, Report& report);

/// "a.b" from "a" and "b".
std::string joined(std::string_view path, std::string_view name);

}  // namespace settings
