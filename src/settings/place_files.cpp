#include "settings/place_files.hpp"

#include <vector>

#include "settings/checks.hpp"

namespace settings {

namespace fs = std::filesystem;

void place_config(Agent& agent, const std::string& path, const fs::path& settings_file, const Environment& environment,
                  Report& report) {
    if (agent.working_directory.empty()) agent.working_directory = environment.working_directory();
    agent.config_path = absolute(agent.working_directory / agent.config_path, environment);
    const fs::path real = environment.canonical(agent.config_path);
    const std::string key = path + ".config_path";
    if (report.failed(key) || report.failed(path + ".working_directory")) return;
    const auto is_same = [&](const fs::path& other) {
        return environment.canonical(absolute(other, environment)) == real;
    };
    if (environment.look_at(agent.config_path).kind == PathKind::folder)
        report.add(key, "is a folder (give the path of the file to write)");
    for (const fs::path& file : agent.config_files)
        if (is_same(file)) report.add(key, "is also in config_files: it would be overwritten (give another path)");
    for (const fs::path& file : agent.startup_fallback_configs)
        if (is_same(file))
            report.add(key, "is also in startup_fallback_configs: it would be overwritten (give another path)");
    if (!settings_file.empty() && is_same(settings_file))
        report.add(key, "is the settings file itself: it would be overwritten (give another path)");
    if (!agent.executable.empty() && is_same(agent.executable))
        report.add(key, "is the agent's program: it would be overwritten (give another path)");
}

void place_own_telemetry(Agent& agent, const std::string& path, const fs::path& settings_file,
                         const Environment& environment, Report& report) {
    OwnTelemetry& own = agent.own_telemetry;
    own.file = absolute(agent.working_directory / own.file, environment);
    const std::string key = path + ".own_telemetry.file", delivery = path + ".own_telemetry.delivery";
    if (report.failed(key) || report.failed(delivery) || report.failed(path + ".working_directory")) return;
    if (own.delivery != TelemetryDelivery::file) {
        if (report.has(key) && !report.is_from_preset(key))
            report.add(key, "is never written (write own_telemetry.delivery: file, or remove it)");
        return;
    }
    if (environment.look_at(own.file).kind == PathKind::folder)
        report.add(key, "is a folder (give the path of the file to write)");
    std::vector<fs::path> others{agent.config_path, agent.executable, settings_file};
    others.insert(others.end(), agent.config_files.begin(), agent.config_files.end());
    others.insert(others.end(), agent.startup_fallback_configs.begin(), agent.startup_fallback_configs.end());
    const fs::path real = environment.canonical(own.file);
    for (const fs::path& other : others)
        if (!other.empty() && environment.canonical(absolute(other, environment)) == real)
            return report.add(key, "is a file that is needed for something else (give another path)");
}

}  // namespace settings
