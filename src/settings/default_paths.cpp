#include "settings/default_paths.hpp"

#include <string>

#include "base/bytes.hpp"
#include "settings/checks.hpp"

namespace settings {
namespace {

namespace fs = std::filesystem;

/// The first of the folders that systemd names in a variable.
fs::path first_folder(const char* variable, const Environment& environment) {
    const std::string folders = environment.variable(variable).value_or("");
    const std::string first = folders.substr(0, folders.find(':'));
    return first.empty() ? fs::path() : absolute(first, environment);
}

}  // namespace

fs::path default_state_folder(const Environment& environment) {
    if (auto assigned = first_folder("STATE_DIRECTORY", environment); !assigned.empty()) return assigned;
    if (environment.is_root()) return "/var/lib/opampd";
    const fs::path xdg = environment.variable("XDG_STATE_HOME").value_or("");
    if (xdg.is_absolute()) return xdg / "opampd";
    if (environment.home().is_absolute()) return environment.home() / ".local/state/opampd";
    return {};
}

fs::path default_runtime_folder(const fs::path& state_folder, const Environment& environment) {
    const fs::path assigned = first_folder("RUNTIME_DIRECTORY", environment);
    if (!assigned.empty()) return assigned / "agents";
    // Two daemons of one user have two state folders.
    const std::string name = "opampd-" + base::short_hex(base::sha256(state_folder.string()));
    if (environment.is_root()) return "/run/" + name;
    const fs::path xdg = environment.variable("XDG_RUNTIME_DIR").value_or("");
    return xdg.is_absolute() ? xdg / name : state_folder / "runtime";
}

fs::path default_socket(const fs::path& state_folder, const Environment& environment) {
    const fs::path assigned = first_folder("RUNTIME_DIRECTORY", environment);
    return (assigned.empty() ? state_folder : assigned) / "control.sock";
}

}  // namespace settings
