#include "config/own_telemetry_files.hpp"

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "config/revision_files.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kVariablesFile = "variables";  // no variable of ours has this name
constexpr std::size_t kNameDigits = 16;

base::Result<void> write(const fs::path& folder, const OwnTelemetry& own_telemetry) {
    auto written = base::make_folder(folder, kPrivateFolder);
    for (auto next = own_telemetry.files.begin(); written && next != own_telemetry.files.end(); ++next)
        written = base::replace_file(folder / next->first, next->second, kPrivateFile);
    if (!written) return written;
    return base::replace_file(folder / kVariablesFile, format(own_telemetry.variables), kPrivateFile);
}

}  // namespace

fs::path OwnTelemetryFiles::path_of(const std::string& hash) const {
    return folder_ / base::to_hex(hash).substr(0, kNameDigits);
}

base::Result<std::string> OwnTelemetryFiles::store(const OwnTelemetry& own_telemetry) {
    const std::string hash = config::hash(own_telemetry);
    if (load(hash)) return hash;
    const fs::path folder = path_of(hash), made = folder_ / ("." + folder.filename().string());
    std::error_code code;
    fs::remove_all(made, code);
    fs::remove_all(folder, code);  // damaged
    auto stored = write(made, own_telemetry);
    if (stored) {
        fs::rename(made, folder, code);
        stored = code ? base::Result<void>(base::errno_error(code.value()).within("storing '" + folder.string() + "'"))
                      : base::sync_folder(folder_);
    }
    if (stored) return hash;
    fs::remove_all(made, code);
    return std::move(stored).error();
}

base::Result<OwnTelemetry> OwnTelemetryFiles::load(const std::string& hash) const {
    OwnTelemetry own_telemetry;
    if (hash.empty()) return own_telemetry;
    auto found = list(path_of(hash));
    if (!found) return std::move(found).error();
    for (const fs::path& path : *found) {
        auto text = base::read_file(path);
        if (!text) return std::move(text).error();
        if (path.filename() != kVariablesFile)
            own_telemetry.files[path.filename().string()] = std::move(*text);
        else if (auto variables = parse_variables(*text))
            own_telemetry.variables = std::move(*variables);
    }
    if (config::hash(own_telemetry) == hash) return own_telemetry;
    return base::Error(base::Kind::invalid, "'" + path_of(hash).string() + "' is damaged: its hash differs");
}

base::Result<Variables> OwnTelemetryFiles::variables_of(const std::string& hash) const {
    auto own_telemetry = load(hash);
    if (!own_telemetry) return std::move(own_telemetry).error();
    Variables variables = std::move(own_telemetry->variables);
    for (const auto& [name, content] : own_telemetry->files) variables[name] = path_of(hash) / name;
    return variables;
}

void OwnTelemetryFiles::keep_only(const std::set<std::string>& hashes) {
    const auto found = list(folder_);
    if (!found) return;  // there were none yet
    std::set<fs::path> kept;
    for (const std::string& hash : hashes) kept.insert(path_of(hash));
    for (const fs::path& path : *found)
        if (!kept.contains(path)) remove_folder(path);
}

}  // namespace config
