#include "settings/check_placeholders.hpp"

#include <algorithm>
#include <cctype>
#include <vector>

#include "settings/command_line.hpp"
#include "settings/layer.hpp"
#include "settings/suggest.hpp"

namespace settings {
namespace {

std::string without_braces(std::string_view placeholder) {
    return std::string(placeholder.substr(1, placeholder.size() - 2));
}

class PlaceholderCheck {
public:
    PlaceholderCheck(const Node& agent, Report& report) : report_(report) {
        for (const Placeholder& placeholder : kPlaceholders) known_.push_back(without_braces(placeholder.name));
        for (const Placeholder& placeholder : {kExecutablePlaceholder, kPidPlaceholder})
            known_.push_back(without_braces(placeholder.name));
        for (const Entry& entry : entries_of(agent, "parameters")) known_.push_back(entry.key.text);
    }

    void sections(const Node& map, const std::string& path) {
        for (const Entry& entry : map.entries) {
            const std::string key = joined(path, entry.key.text);
            const bool is_command_line = entry.key.text == "args" || entry.key.text == "command";
            is_command_line ? texts(entry.value, key) : sections(entry.value, key);
        }
    }

private:
    void texts(const Node& node, const std::string& key) {
        for (const Node& item : node.items) texts(item, key);
        const std::string_view text = node.written;
        for (std::size_t open = text.find('{'); open < text.size(); open = text.find('{', open + 1)) {
            const std::string name(text.substr(open + 1, text.find_first_of("{}", open + 1) - open - 1));
            const bool is_word = std::ranges::all_of(name, [](unsigned char c) { return std::isalnum(c) || c == '_'; });
            if (!is_word || text[open + name.size() + 1] != '}' || std::ranges::find(known_, name) != known_.end())
                continue;
            if (const std::string near = nearest(name, known_); !near.empty())
                report_.add(node.mark, key, "'{" + name + "}' is not a placeholder (did you mean {" + near + "}?)");
        }
    }

    Report& report_;
    std::vector<std::string> known_;
};

}  // namespace

void check_placeholders(const Node& agent, const std::string& path, Report& report) {
    PlaceholderCheck(agent, report).sections(agent, path);
}

}  // namespace settings
