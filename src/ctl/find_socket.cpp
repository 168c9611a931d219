#include "ctl/find_socket.hpp"

#include "settings/default_paths.hpp"

namespace ctl {

std::filesystem::path find_socket() {
    const std::filesystem::path of_service = "/run/opampd/control.sock";  // systemd/opampd.service
    const settings::Environment& environment = settings::system_environment();
    const auto state = settings::default_state_folder(environment);
    const auto usual = state.empty() ? of_service : settings::default_socket(state, environment);
    std::error_code ignored;
    return !std::filesystem::exists(usual, ignored) && std::filesystem::exists(of_service, ignored) ? of_service
                                                                                                    : usual;
}

}  // namespace ctl
