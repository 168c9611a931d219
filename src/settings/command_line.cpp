#include "settings/command_line.hpp"

namespace settings {
namespace {

std::string filled_in(std::string_view arg, const Agent& agent, std::string_view instance_uid) {
    const std::pair<std::string_view, std::string> values[] = {
        {kConfigPlaceholder.name, agent.config_path.string()},
        {kInstanceUidPlaceholder.name, std::string(instance_uid)},
        {kNamePlaceholder.name, agent.name},
    };
    std::string filled;
    while (!arg.empty()) {
        std::size_t taken = 0;
        for (const auto& [name, value] : values) {
            if (taken > 0 || !arg.starts_with(name)) continue;
            filled += value;
            taken = name.size();
        }
        if (taken == 0) filled += arg[taken++];
        arg.remove_prefix(taken);
    }
    return filled;
}

}  // namespace

std::vector<std::string> filled_in(const std::vector<std::string>& args, const Agent& agent,
                                   std::string_view instance_uid) {
    std::vector<std::string> filled;
    for (const std::string& arg : args) filled.push_back(filled_in(arg, agent, instance_uid));
    return filled;
}

}  // namespace settings
