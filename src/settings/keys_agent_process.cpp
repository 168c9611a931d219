// The keys of an agent: how its process is kept.
#include "settings/checks.hpp"
#include "settings/key_tables.hpp"

namespace settings {
namespace {

using namespace std::chrono_literals;

// clang-format off
const Key kKeys[] = {
    {.name = "agent.min_uptime", .meaning = "Without a probe: the agent is healthy once it has been alive for this long.",
     .field = FIELD(agent.min_uptime)},
    {.name = "agent.stop_signal", .meaning = "What the agent's process group gets first, by name (with or without `SIG`) or number.",
     .field = FIELD(agent.stop_signal), .check = ending_signal},
    {.name = "agent.stop_timeout", .meaning = "From that signal to SIGKILL.",
     .field = FIELD(agent.stop_timeout)},
    {.name = "agent.restart.initial_backoff", .meaning = "Pause before the second restart. The first one is immediate.",
     .field = FIELD(agent.restart.initial_backoff)},
    {.name = "agent.restart.max_backoff", .meaning = "The longest pause.",
     .field = FIELD(agent.restart.max_backoff)},
    {.name = "agent.restart.reset_after", .meaning = "A run of at least this long makes the crashes before it forgotten.",
     .field = FIELD(agent.restart.reset_after)},

    {.name = "agent.health.type", .meaning = "`process`: healthy while alive. `http`: healthy while `endpoint` answers with a status of 200 to 299.",
     .field = FIELD(agent.health.type)},
    {.name = "agent.health.endpoint", .meaning = "URL for `type: http`, say `http://127.0.0.1:8080/healthz`.",
     .field = FIELD(agent.health.endpoint), .check = http_url},
    {.name = "agent.health.interval", .meaning = "How often it is asked.",
     .field = FIELD(agent.health.interval), .at_least = 100ms},
    {.name = "agent.health.timeout", .meaning = "How long one answer may take.",
     .field = FIELD(agent.health.timeout)},
    {.name = "agent.health.successes", .meaning = "How many good answers in a row a new config has to give before it is kept.",
     .field = FIELD(agent.health.successes)},

    {.name = "agent.reload.signal", .meaning = "The signal that makes the running agent read its config again, sent to its main process: `SIGHUP`. `none`: it is restarted for each config.",
     .field = FIELD(agent.reload.signal), .check = reload_signal},
    {.name = "agent.reload.timeout", .meaning = "How long `confirm` may take to change. Then the agent is restarted instead.",
     .field = FIELD(agent.reload.timeout)},
    {.name = "agent.reload.confirm.url", .meaning = "URL whose answer changes once the agent has taken the config. Without one there is no telling whether it has, and `health` alone decides.",
     .field = FIELD(agent.reload.confirm.url), .check = http_url},
    {.name = "agent.reload.confirm.line", .meaning = "How the line of the answer begins that has to change.",
     .field = FIELD(agent.reload.confirm.line), .check = not_empty, .default_text = "the whole answer"},
};

const Section kSections[] = {
    {"agent.restart", "An agent that ends by itself is started again, for ever."},
    {"agent.health", "What decides whether the agent is healthy, and whether a new config is kept."},
    {"agent.reload", "A new config without a restart. The agent has to prove itself with it as after a start; a reload that it does not take becomes a restart, and so does the way back."},
    {"agent.reload.confirm", "What shows that the agent has taken the config: an answer over HTTP that changes when it has, asked for before and after."},
};
// clang-format on

}  // namespace

KeyTable agent_process_keys() {
    return {kKeys, kSections};
}

}  // namespace settings
