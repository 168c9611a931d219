#include "settings/command_line.hpp"

namespace settings {

std::string replaced(std::string_view text, const Replacements& replacements) {
    std::string filled;
    while (!text.empty()) {
        std::size_t taken = 0;
        for (const auto& [placeholder, value] : replacements) {
            if (taken > 0 || !text.starts_with(placeholder)) continue;
            filled += value;
            taken = placeholder.size();
        }
        if (taken == 0) filled += text[taken++];
        text.remove_prefix(taken);
    }
    return filled;
}

std::vector<std::string> filled_in(const std::vector<std::string>& args, const Agent& agent,
                                   std::string_view instance_uid) {
    const Replacements values{
        {std::string(kConfigPlaceholder.name), agent.config_path.string()},
        {std::string(kConfigFolderPlaceholder.name), agent.config_path.parent_path().string()},
        {std::string(kInstanceUidPlaceholder.name), std::string(instance_uid)},
        {std::string(kNamePlaceholder.name), agent.name},
    };
    std::vector<std::string> filled;
    for (const std::string& arg : args) filled.push_back(replaced(arg, values));
    return filled;
}

}  // namespace settings
