// The keys of an agent: its control group.
#include "settings/checks.hpp"
#include "settings/key_tables.hpp"

namespace settings {
namespace {

// clang-format off
const Key kKeys[] = {
    {.name = "agent.cgroup.enabled", .meaning = "Give the agent a control group although no limit is asked for: whatever it starts is then stopped with it.",
     .field = FIELD(agent.cgroup.enabled), .default_text = "`true` with one of the keys below, else `false`"},
    {.name = "agent.cgroup.memory_max", .meaning = "The most memory that it and its children have: a size, or `unlimited`. An agent that wants more is killed as a whole; health and `agent.exited` say that this was why.",
     .field = FIELD(agent.cgroup.memory_max), .check = size_or_unlimited},
    {.name = "agent.cgroup.memory_high", .meaning = "Above this it is slowed down, and memory is taken back from it.",
     .field = FIELD(agent.cgroup.memory_high), .check = size_or_unlimited},
    {.name = "agent.cgroup.memory_swap_max", .meaning = "The most swap.",
     .field = FIELD(agent.cgroup.memory_swap_max), .check = size_or_unlimited},
    {.name = "agent.cgroup.cpu_weight", .meaning = "Its share of a busy CPU, from 1 to 10000; others have 100.",
     .field = FIELD(agent.cgroup.cpu_weight), .check = weight},
    {.name = "agent.cgroup.cpu_max", .meaning = "The most CPU time: `50%` is half of one CPU, `200%` two. Or `unlimited`.",
     .field = FIELD(agent.cgroup.cpu_max), .check = cpu_share},
    {.name = "agent.cgroup.pids_max", .meaning = "The most processes and threads, or `unlimited`.",
     .field = FIELD(agent.cgroup.pids_max), .check = count_or_unlimited},
    {.name = "agent.cgroup.io_weight", .meaning = "Its share of a busy disk, from 1 to 10000; others have 100.",
     .field = FIELD(agent.cgroup.io_weight), .check = weight},
};

const Section kSections[] = {
    {"agent.cgroup", "A control group (version 2) of the agent's own, below that of opampd, which has to be delegated to it: `Delegate=yes` in its unit, which systemd/opampd.service has, or a container with a control group of its own. opampd itself is then in the group `supervisor` beside those of the agents. See [privileges.md](privileges.md)."},
};
// clang-format on

}  // namespace

KeyTable agent_cgroup_keys() {
    return {kKeys, kSections};
}

}  // namespace settings
