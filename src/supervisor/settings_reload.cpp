#include "supervisor/settings_reload.hpp"

#include <algorithm>

#include "rules/admission.hpp"
#include "settings/difference.hpp"
#include "settings/load.hpp"
#include "supervisor/privilege_check.hpp"

namespace supervisor {
namespace {

/// Of opampd's own log, which is opened at the start. output_paths is another name of outputs.
bool is_of_log(std::string_view key) {
    constexpr std::string_view kKeys[] = {"telemetry.logs.level", "telemetry.logs.format", "telemetry.logs.outputs"};
    return std::ranges::find(kKeys, key) != std::end(kKeys);
}

bool counts_at_once(std::string_view key) {
    return key.starts_with("telemetry.") && !is_of_log(key);
}

/// As a start would find them.
std::vector<std::string> mistakes_of(const settings::Loaded& loaded, const std::string& file) {
    std::vector<std::string> mistakes;
    for (const settings::Problem& problem : loaded.problems) mistakes.push_back(settings::to_text(problem, file));
    if (!mistakes.empty()) return mistakes;
    for (const settings::Agent& agent : loaded.settings.agents)
        if (const auto admission = rules::read_admission(agent); !admission)
            mistakes.push_back(file + ": " + admission.error().text());
    for (const std::string& impossible : impossible_privileges(loaded.settings))
        mistakes.push_back(file + ": " + impossible);
    return mistakes;
}

}  // namespace

SettingsReload read_again(const settings::Settings& running, const net::Variable& variable) {
    SettingsReload reload;
    const std::string file = running.file.string();
    auto loaded = settings::load(running.file);
    if (!loaded) {
        reload.mistakes.push_back(loaded.error().text());
        return reload;
    }
    reload.mistakes = mistakes_of(*loaded, file);
    if (!reload.mistakes.empty()) return reload;
    auto telemetry = local_telemetry(loaded->settings, variable);
    if (!telemetry) {
        reload.mistakes.push_back(file + ": " + telemetry.error().text());
        return reload;
    }
    reload.telemetry = std::move(*telemetry);
    reload.at_next_start = settings::changed_keys(running, std::move(loaded->settings));
    std::erase_if(reload.at_next_start, counts_at_once);
    return reload;
}

}  // namespace supervisor
