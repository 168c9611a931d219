#include "settings/expand.hpp"

#include <algorithm>
#include <cctype>

#include "base/result.hpp"

namespace settings {
namespace {

using base::Error;
using base::Kind;
using base::Result;

/// For one value of the file; a variable that refers to itself ends here.
constexpr int kMaxReferences = 1000;
constexpr std::size_t kMaxTextBytes = 4u << 20;

/// Where the "}" is that closes the "${" at `open`; npos if there is none.
std::size_t closing_brace(std::string_view text, std::size_t open) {
    int depth = 0;
    for (std::size_t i = open + 1; i < text.size(); ++i) {
        if (text[i] == '{') ++depth;
        if (text[i] == '}' && --depth == 0) return i;
    }
    return std::string_view::npos;
}

bool is_single_reference(std::string_view text) {
    return text.substr(0, 2) == "${" && closing_brace(text, 0) == text.size() - 1;
}

bool is_variable_name(std::string_view name) {
    const auto letter = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
    return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
           std::all_of(name.begin(), name.end(), letter);
}

/// What stands between the braces, taken apart but not expanded.
struct Reference {
    std::string_view head;  ///< "env:X", "file:PATH" or "X".
    std::optional<std::string_view> fallback;
};

Reference take_apart(std::string_view inner) {
    if (inner.substr(0, 5) == "file:") return {inner, std::nullopt};
    int depth = 0;
    for (std::size_t i = 0; i + 1 < inner.size(); ++i) {
        depth += inner[i] == '{' ? 1 : inner[i] == '}' ? -1 : 0;
        if (depth == 0 && inner.substr(i, 2) == ":-") return {inner.substr(0, i), inner.substr(i + 2)};
    }
    return {inner, std::nullopt};
}

/// One value of the file.
class Expansion {
public:
    Expansion(const Node& node, const Environment& environment)
        : mark_(node.mark), written_(node.text), environment_(environment) {}

    /// `text` as the node that it stands for.
    Result<Node> node(std::string_view text) {
        Node node;
        if (!is_single_reference(text)) {
            auto replaced = replace(text);
            if (!replaced) return std::move(replaced).error();
            node.kind = Node::Kind::scalar;
            node.text = *std::move(replaced);
            stamp(node);
            return node;
        }
        auto content = look_up(text);
        if (!content) return std::move(content).error();
        return read_as_yaml(*content);
    }

private:
    /// Everything that came in stands where the reference stood, and is not to be shown.
    void stamp(Node& node) const {
        node.mark = mark_;
        node.written = written_;
        node.expanded = true;
        for (Node& item : node.items) stamp(item);
        for (Entry& entry : node.entries) {
            stamp(entry.key);
            stamp(entry.value);
        }
    }

    Result<Node> read_as_yaml(const std::string& content) {
        auto whole = replace(content);
        if (!whole) return std::move(whole).error();
        Report not_yaml;
        auto node = read_yaml(content, not_yaml);
        if (!node) {
            node.emplace();
            node->kind = Node::Kind::scalar;
            node->text = *whole;
        } else if (auto inner = expand_inside(*node); !inner) {
            return std::move(inner).error();
        }
        stamp(*node);
        node->whole = *std::move(whole);
        return *std::move(node);
    }

    Result<void> expand_inside(Node& value) {
        for (Node& item : value.items)
            if (auto done = expand_inside(item); !done) return done;
        for (Entry& entry : value.entries)
            if (auto done = expand_inside(entry.value); !done) return done;
        if (value.kind != Node::Kind::scalar || value.text.find('$') == std::string::npos) return {};
        auto inner = node(value.text);
        if (!inner) return std::move(inner).error();
        value = *std::move(inner);
        return {};
    }

    /// `text` with each reference replaced by its text, and "$$" by "$".
    Result<std::string> replace(std::string_view text) {
        std::string replaced;
        while (!text.empty()) {
            const std::size_t dollar = std::min(text.find('$'), text.size());
            replaced += text.substr(0, dollar);
            text.remove_prefix(dollar);
            const std::size_t run = std::min(text.find_first_not_of('$'), text.size());
            replaced.append(run / 2, '$');
            text.remove_prefix(run / 2 * 2);
            if (run % 2 == 0) continue;
            if (text.substr(0, 2) != "${") {
                replaced += '$';
                text.remove_prefix(1);
                continue;
            }
            const std::size_t close = closing_brace(text, 0);
            if (close == std::string_view::npos) return failed("'${' has no '}' (write $${ for a plain ${)");
            auto content = look_up(text.substr(0, close + 1));
            if (!content) return std::move(content).error();
            auto inner = replace(*content);
            if (!inner) return std::move(inner).error();
            replaced += *inner;
            if (replaced.size() > kMaxTextBytes) return failed("expands to more than 4 MiB");
            text.remove_prefix(close + 1);
        }
        return replaced;
    }

    /// The text behind one "${…}", itself not yet expanded.
    Result<std::string> look_up(std::string_view reference) {
        if (++references_ > kMaxReferences)
            return failed("expands more than 1000 references (does a variable refer to itself?)");
        const Reference parts = take_apart(reference.substr(2, reference.size() - 3));
        auto head = replace(parts.head);
        if (!head) return std::move(head).error();
        // Names that came out of a variable may be secrets.
        const bool literal = parts.head.find('$') == std::string_view::npos && !came_from_outside(reference);
        if (head->starts_with("file:")) return read_file(head->substr(5), literal);
        const std::string name = head->starts_with("env:") ? head->substr(4) : *head;
        if (const auto colon = name.find(':'); colon != std::string::npos && !head->starts_with("env:"))
            return failed(literal
                              ? "'${" + name.substr(0, colon) + ":…}' is not known (write ${env:NAME} or ${file:PATH})"
                              : indirect("something unknown"));
        if (!is_variable_name(name))
            return failed(literal
                              ? "'" + name + "' cannot be the name of an environment variable (letters, digits and _)"
                              : indirect("a bad variable name"));
        if (auto value = environment_.variable(name)) return *std::move(value);
        if (parts.fallback) return std::string(*parts.fallback);
        return failed(literal ? "environment variable '" + name +
                                    "' is not set (set it, or give a default: ${env:" + name + ":-text})"
                              : indirect("an environment variable that is not set"));
    }

    Result<std::string> read_file(const std::string& name, bool literal) {
        auto content = environment_.read(environment_.working_directory() / name);
        if (!content)
            return failed(literal ? "cannot expand '${file:" + name + "}': " + content.error().message()
                                  : indirect("a file that cannot be read"));
        if (content->ends_with('\n')) content->pop_back();
        if (content->ends_with('\r')) content->pop_back();
        return content;
    }

    /// Whether `reference` is not part of what the file says.
    bool came_from_outside(std::string_view reference) const { return written_.find(reference) == std::string::npos; }

    std::string indirect(const char* to_what) const {
        return "a '${…}' inside an expanded value leads to " + std::string(to_what);
    }

    static Error failed(const std::string& message) { return {Kind::invalid, message}; }

    Mark mark_;
    std::string written_;
    const Environment& environment_;
    int references_ = 0;
};

}  // namespace

void expand(Node& node, const std::string& path, const Environment& environment, Report& report) {
    for (Node& item : node.items) expand(item, path, environment, report);
    for (Entry& entry : node.entries) expand(entry.value, joined(path, entry.key.text), environment, report);
    if (node.kind != Node::Kind::scalar || node.text.find('$') == std::string::npos) return;
    auto expanded = Expansion(node, environment).node(node.text);
    if (expanded) {
        node = *std::move(expanded);
        return tidy(node, path, report);
    }
    report.add(node.mark, path, expanded.error().message());
    node.kind = Node::Kind::broken;
}

}  // namespace settings
