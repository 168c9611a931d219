// What the settings say of one agent; see settings.hpp.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "base/units.hpp"
#include "settings/agent_health.hpp"
#include "settings/agent_output.hpp"
#include "settings/agent_privileges.hpp"

namespace settings {

using base::Duration;
using TextMap = std::map<std::string, std::string>;

enum class ConfigFormat { automatic, yaml, raw };
enum class ConfigLayout {
    merged,  ///< One file, and beside it what is no part of it.
    folder,  ///< Every entry is a file of its own.
};
enum class RestartPolicy { always, on_failure, never };

/// The first restart after a crash is immediate; these are the next ones.
struct Restart {
    RestartPolicy policy = RestartPolicy::always;
    unsigned crash_loop_after = 5;  ///< Failures in a row.
    Duration initial_backoff = std::chrono::seconds(1);
    Duration max_backoff = std::chrono::seconds(60);
    Duration reset_after = std::chrono::seconds(60);
};

struct Description {
    TextMap identifying_attributes;
    TextMap non_identifying_attributes;
};

/// A program that is run to its end for the agent; none: it is empty. `command[0]` is an absolute path, once it is
/// checked.
struct Command {
    std::vector<std::string> command;  ///< With placeholders: see command_line.hpp.
    Duration timeout = std::chrono::seconds(10);
};

/// A program that answers the messages of one custom capability. `command[0]` is an absolute path.
struct CustomCapability {
    std::vector<std::string> command;
    Duration timeout = std::chrono::seconds(10);
    std::uint64_t max_output = 1u << 20;  ///< Bytes.
};

/// How many of the agent's configs are kept, and for how long.
struct ConfigHistory {
    unsigned max_revisions = 20;
    Duration max_age = std::chrono::hours(24 * 90);
};

/// How a running agent shows that it has taken a config. At most one of these.
struct ReloadConfirm {
    std::string url;                   ///< Checked; empty: nothing of this kind shows it.
    std::string line;                  ///< How the line begins; empty: the whole answer.
    std::vector<std::string> command;  ///< What it prints; with placeholders.
    std::string output;                ///< A line that the agent prints, as a pattern.
    bool children = false;             ///< A child process that was not there before.
    bool notify = false;               ///< What the agent says by sd_notify.
    friend bool operator==(const ReloadConfirm&, const ReloadConfirm&) = default;
};

/// An agent that takes a new config without a restart, told in one of these ways; in none: it is restarted.
struct Reload {
    int signal = 0;
    std::vector<std::string> command;  ///< With placeholders; its exit code says whether the agent has taken it.
    std::string url;                   ///< Checked; a POST, whose status says the same.
    Duration timeout = std::chrono::seconds(2);
    ReloadConfirm confirm;
};

/// How an agent is told where the server wants its own telemetry.
enum class TelemetryDelivery {
    none,         ///< It is not.
    environment,  ///< By variables that it is started with.
    file,         ///< By the same in a file.
};
struct OwnTelemetry {
    TelemetryDelivery delivery = TelemetryDelivery::environment;
    std::filesystem::path file = "own_telemetry.env";
};

/// What the operator of this host lets a server's config say.
struct RemoteConfig {
    std::vector<std::string> allowed_keys;
    std::vector<std::string> denied_keys;
    std::vector<std::string> allowed_entries;
    std::vector<std::string> allowed_content_types;
    std::uint64_t max_size = 0;  ///< Bytes; 0: only what a message may have.
    bool require_signature = false;
    std::vector<std::filesystem::path> public_keys;  ///< Files.
};

/// Of configs wherever they are shown: to the server, to people.
struct Redaction {
    bool enabled = true;
    std::vector<std::string> keys;  ///< In addition to the usual names of secrets.
};

/// A running agent that is not healthy for long is restarted.
struct Watchdog {
    Duration unhealthy_for{};  ///< 0: it is not.
    unsigned max_restarts = 3;
};

/// What an agent's preset gave it.
struct FromPreset {
    std::string file;               ///< Empty: a built-in preset.
    std::string summary;            ///< What the preset says of itself.
    std::vector<std::string> keys;  ///< "health.endpoint": not said by the agent's own section.
    bool by_program = false;        ///< It was not named, but has the name of the agent's program.
};

/// All paths are absolute once the file has been parsed.
struct Agent {
    std::string name = "agent";  ///< Its folder in the state directory and its label in the log.
    std::string preset = "generic";
    TextMap parameters;  ///< Already filled in everywhere.
    FromPreset from_preset;
    std::filesystem::path executable;
    std::vector<std::string> args{"--config", "{config}"};  ///< With placeholders: see command_line.hpp.
    std::vector<std::string> args_as_written;               ///< Before expansion: for people, without secrets.
    TextMap env;
    std::filesystem::path working_directory;
    Privileges privileges;
    Provisions provisions;
    CgroupLimits cgroup;
    std::vector<std::filesystem::path> config_files;
    std::vector<std::filesystem::path> startup_fallback_configs;
    std::filesystem::path config_path = "effective.yaml";
    ConfigFormat config_format = ConfigFormat::automatic;
    ConfigLayout config_layout = ConfigLayout::merged;
    OwnTelemetry own_telemetry;
    RemoteConfig remote_config;
    Redaction redaction;
    Command config_check;  ///< Says whether a config is good.
    ConfigHistory config_history;
    Reload reload;
    Command pre_start;         ///< Before each start.
    Command post_stop;         ///< After each end.
    Duration start_timeout{};  ///< 0: any time.
    Watchdog watchdog;
    std::vector<std::string> stop_sequence;  ///< "SIGINT 5s"; empty: the two below say it.
    Output output;
    int stop_signal = SIGTERM;
    Duration stop_timeout = std::chrono::seconds(10);
    Duration config_apply_timeout = std::chrono::seconds(5);
    Duration min_uptime = std::chrono::seconds(1);
    unsigned max_trials = 3;
    Restart restart;
    Health health;
    Description description;
    std::map<std::string, CustomCapability> custom_capabilities;  ///< By their names.
    Command available_components;                                 ///< Lists what the agent is made of.
    Command version;                                              ///< Says which version it is.
    std::string instance_id;                                      ///< A UUID as 8-4-4-4-12 digits, or empty.
};

}  // namespace settings
