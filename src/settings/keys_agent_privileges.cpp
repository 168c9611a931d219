// The keys of an agent: whose process it is, what it may, how much it may take, and what it is given.
#include "settings/checks.hpp"
#include "settings/key_tables.hpp"

namespace settings {
namespace {

// clang-format off
const Key kKeys[] = {
    {.name = "agent.user", .meaning = "The user that the agent runs as, by name or number. Its files (the config, `own_telemetry.file`, credentials) are that user's; and all commands that are run beside it run as that user too. Needs root, or `CAP_SETUID`, `CAP_SETGID`, `CAP_CHOWN` and `CAP_KILL`.",
     .field = FIELD(agent.privileges.user), .check = not_empty, .default_text = "opampd's own"},
    {.name = "agent.group", .meaning = "Its group, by name or number.",
     .field = FIELD(agent.privileges.group), .check = not_empty, .default_text = "that of `user`, else opampd's own"},
    {.name = "agent.supplementary_groups", .meaning = "Groups in addition to those that `user` has in the database of groups. Of opampd's own none is left where one of the three keys is given.",
     .field = FIELD(agent.privileges.supplementary_groups), .check = not_empty},
    {.name = "agent.umask", .meaning = "Which bits of a new file's mode are taken away: `0027`.",
     .field = FIELD(agent.privileges.umask), .check = file_mode, .default_text = "opampd's own"},
    {.name = "agent.limits", .meaning = "Limits of setrlimit(2) by their names without `RLIMIT_`: `nofile: 65536`, `core: 0:unlimited`. `SOFT:HARD`, or one value for both; sizes may have a unit. Above the hard limit of opampd itself only with `CAP_SYS_RESOURCE`.",
     .field = FIELD(agent.privileges.limits), .check = resource_limit, .default_text = "opampd's own"},
    {.name = "agent.nice", .meaning = "From -20, the most favoured, to 19. Below opampd's own only with `CAP_SYS_NICE`.",
     .field = FIELD(agent.privileges.nice), .check = nice_value, .default_text = "opampd's own"},
    {.name = "agent.oom_score_adjust", .meaning = "From -1000, never killed for want of memory, to 1000, killed first. Below opampd's own only with `CAP_SYS_RESOURCE`.",
     .field = FIELD(agent.privileges.oom_score_adjust), .check = oom_score, .default_text = "opampd's own"},
    {.name = "agent.capability_bounding_set", .meaning = "The capabilities that the agent and its children can have at most, as root or by a file's capabilities: `[CAP_NET_BIND_SERVICE]`; with `~` before the first one: all but these. `[]`: none.",
     .field = FIELD(agent.privileges.capability_bounding_set), .check = capability, .default_text = "opampd's own"},
    {.name = "agent.ambient_capabilities", .meaning = "The capabilities that the agent has although it is not root: `[CAP_NET_BIND_SERVICE]` for a port below 1024. `[]`: none.",
     .field = FIELD(agent.privileges.ambient_capabilities), .check = capability, .default_text = "opampd's own; none with `user`"},
    {.name = "agent.no_new_privileges", .meaning = "Neither the agent nor its children get rights by running a set-user-ID program.",
     .field = FIELD(agent.privileges.no_new_privileges), .default_text = "opampd's own"},

    {.name = "agent.environment_files", .meaning = "Files with variables, as systemd's `EnvironmentFile`: lines of `NAME=VALUE`. Read by opampd before each start; a later file wins, and `env` wins over them all. One with `-` in front may be missing.",
     .field = FIELD(agent.provisions.environment_files), .check = environment_file},
    {.name = "agent.credentials", .meaning = "Secrets for the agent: names, and the files that opampd reads them from before each start. See [privileges.md](privileges.md).",
     .field = FIELD(agent.provisions.credentials), .check = credential},
    {.name = "agent.credentials_delivery", .meaning = "`folder`: `$CREDENTIALS_DIRECTORY` is a folder in memory with a file for each, which the agent's user alone can read, and which is gone after the agent's end. `descriptor`: each is an open file that has no name anywhere. `{credential:NAME}` in `args`, `env` and the agent's commands is the path in both.",
     .field = FIELD(agent.provisions.credentials_delivery)},
};
// clang-format on

}  // namespace

KeyTable agent_privileges_keys() {
    return {kKeys, {}};
}

}  // namespace settings
