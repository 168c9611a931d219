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

std::vector<std::pair<std::string, const std::vector<std::string>*>> commands_of(const Agent& agent) {
    std::vector<std::pair<std::string, const std::vector<std::string>*>> commands{
        {"config_check.command", &agent.config_check.command},
        {"pre_start.command", &agent.pre_start.command},
        {"post_stop.command", &agent.post_stop.command},
        {"reload.command", &agent.reload.command},
        {"reload.confirm.command", &agent.reload.confirm.command},
        {"version.command", &agent.version.command},
        {"available_components.command", &agent.available_components.command},
    };
    for (const auto& [name, capability] : agent.custom_capabilities)
        commands.emplace_back("custom_capabilities." + name + ".command", &capability.command);
    return commands;
}

std::string credential_placeholder(std::string_view name) {
    std::string text(kCredentialPlaceholder.name);
    return text.replace(text.find("NAME"), 4, name);
}

std::vector<std::string> credentials_in(std::string_view text) {
    const std::string_view begin = kCredentialPlaceholder.name.substr(0, kCredentialPlaceholder.name.find("NAME"));
    std::vector<std::string> names;
    for (std::size_t at = text.find(begin); at != std::string_view::npos; at = text.find(begin, at)) {
        at += begin.size();
        const std::size_t end = text.find('}', at);
        if (end == std::string_view::npos) break;
        names.emplace_back(text.substr(at, end - at));
    }
    return names;
}

std::vector<std::string> filled_in(const std::vector<std::string>& args, const Agent& agent,
                                   std::string_view instance_uid, const Replacements& more) {
    Replacements values{
        {std::string(kConfigPlaceholder.name), agent.config_path.string()},
        {std::string(kConfigFolderPlaceholder.name), agent.config_path.parent_path().string()},
        {std::string(kInstanceUidPlaceholder.name), std::string(instance_uid)},
        {std::string(kNamePlaceholder.name), agent.name},
    };
    values.insert(values.end(), more.begin(), more.end());
    std::vector<std::string> filled;
    for (const std::string& arg : args) filled.push_back(replaced(arg, values));
    return filled;
}

}  // namespace settings
