#include <vector>

#include "settings/checks.hpp"
#include "settings/validate_agent.hpp"

namespace settings {
namespace {

namespace fs = std::filesystem;

constexpr char kJournal[] = "/run/systemd/journal/stdout";

void place_file(Agent& agent, const std::string& key, const fs::path& settings_file, const Environment& environment,
                Report& report) {
    fs::path& file = agent.output.file;
    if (file.empty() || report.failed(key)) return;
    file = absolute(file, environment);
    const PathKind kind = environment.look_at(file).kind;
    if (kind == PathKind::folder) return report.add(key, "is a folder (give the path of the file to write)");
    if (kind == PathKind::other)
        return report.add(key, "is not a regular file (give another path, or write another output.destination)");
    if (environment.look_at(file.parent_path()).kind != PathKind::folder)
        return report.add(key, "is in a folder that does not exist (create it)");
    std::vector<fs::path> others{agent.config_path, agent.executable, settings_file};
    others.insert(others.end(), agent.config_files.begin(), agent.config_files.end());
    others.insert(others.end(), agent.startup_fallback_configs.begin(), agent.startup_fallback_configs.end());
    if (agent.own_telemetry.delivery == TelemetryDelivery::file) others.push_back(agent.own_telemetry.file);
    for (const fs::path& other : others)
        if (!other.empty() && environment.canonical(absolute(other, environment)) == environment.canonical(file))
            return report.add(key, "is a file that is needed for something else (give another path)");
}

}  // namespace

void check_output(Agent& agent, const std::string& path, const fs::path& settings_file, const Environment& environment,
                  Report& report) {
    const Output& output = agent.output;
    const std::string section = path + ".output.";
    const auto is_said = [&](const std::string& name) {
        return report.has(section + name) && !report.is_from_preset(section + name) && !report.failed(section + name);
    };
    if (report.failed(section + "destination")) return;
    place_file(agent, section + "file", settings_file, environment, report);
    const bool has_file = output.destination == OutputDestination::file;
    const bool has_journal = output.destination == OutputDestination::journal;
    for (const char* name : {"file", "max_size", "max_age", "keep", "keep_for", "compress"})
        if (!has_file && is_said(name))
            report.add(section + name, "is for files (write output.destination: file, or remove it)");
    if (!has_journal && is_said("identifier"))
        report.add(section + "identifier", "is for the journal (write output.destination: journal, or remove it)");
    if (output.direct && !has_file && !has_journal && is_said("direct"))
        report.add(section + "direct", "needs output.destination: file or journal (change one of them)");
    if (output.direct && has_file && output.max_age != Duration(0) && is_said("max_age"))
        report.add(section + "max_age",
                   "cannot be kept with output.direct: the agent holds its file open (remove one of them)");
    if (has_journal && output.direct && !agent.reload.confirm.output.empty())
        report.add(
            path + ".reload.confirm.output",
            "cannot be seen with output.destination: journal and output.direct (leave output.direct out, or give "
            "another reload.confirm)");
    if (has_journal && environment.look_at(kJournal).kind == PathKind::missing)
        report.add(section + "destination", std::string("'journal' needs systemd's journal, and there is no ") +
                                                kJournal + " (start systemd-journald, or write file or log)");
}

}  // namespace settings
