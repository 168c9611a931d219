// What the settings say of an agent's probes; see agent.hpp.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/units.hpp"

namespace settings {

enum class ProbeType { process, http, tcp, unix_socket, command, file, notify };

struct ProbeTls {
    std::filesystem::path ca_file;  ///< Empty: the system's.
    bool insecure_skip_verify = false;
};

/// One probe. What is not for its type is not given.
struct Probe {
    ProbeType type = ProbeType::process;
    std::string endpoint;  ///< Checked: a URL, HOST:PORT, or an absolute path or @NAME.
    std::vector<std::string> status{"200-299"};
    std::string body;
    ProbeTls tls;
    std::vector<std::string> command;  ///< With placeholders.
    std::filesystem::path file;
    base::Duration max_age{};           ///< 0: any.
    base::Duration watchdog_timeout{};  ///< 0: it need not say that it is alive.
    base::Duration interval = std::chrono::seconds(10);
    base::Duration timeout = std::chrono::seconds(1);
    unsigned successes = 1;
    unsigned failures = 1;
};

/// The probe of the short form, and those with names. All count, but for a short form of type process beside others.
struct Health : Probe {
    std::map<std::string, Probe> probes;
};

/// In the agent's folder.
inline constexpr std::string_view kNotifySocket = "notify.sock";

}  // namespace settings
