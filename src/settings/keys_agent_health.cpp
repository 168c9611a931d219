// The keys of an agent's probes: those of the short form, and of each probe below `agent.health.probes`.
#include "settings/checks.hpp"
#include "settings/key_tables.hpp"

namespace settings {
namespace {

using namespace std::chrono_literals;

// clang-format off
const Key kKeys[] = {
    {.name = "agent.health.type", .meaning = "`process`: healthy while alive. `http`: while `endpoint` answers as it should. `tcp`, `unix`: while somebody takes connections there. `command`: while it ends with exit code 0. `file`: while it is written. `notify`: by what the agent says itself, as a service of systemd of `Type=notify` does.",
     .field = FIELD(probe.type)},
    {.name = "agent.health.endpoint", .meaning = "For `http` a URL, say `http://127.0.0.1:8080/healthz`; for `tcp` HOST:PORT; for `unix` the path of a socket, or `@NAME`.",
     .field = FIELD(probe.endpoint), .check = probe_endpoint},
    {.name = "agent.health.status", .meaning = "For `http`: the statuses that are good, `[200-299, 401]`.",
     .field = FIELD(probe.status), .check = status_range},
    {.name = "agent.health.body", .meaning = "For `http`: a pattern that a line of the answer has to match; `*` and `?` stand for any.",
     .field = FIELD(probe.body), .check = not_empty, .default_text = "any answer"},
    {.name = "agent.health.tls.ca_file", .meaning = "For an `endpoint` with `https://`: whom to trust, as PEM.",
     .field = FIELD(probe.tls.ca_file), .check = readable_file, .default_text = "the system's"},
    {.name = "agent.health.tls.insecure_skip_verify", .meaning = "Ask whoever answers there.",
     .field = FIELD(probe.tls.insecure_skip_verify)},
    {.name = "agent.health.command", .meaning = "For `command`: the program and its arguments, with placeholders and `{pid}`, the agent's main process. The program is found as `agent.executable` is.",
     .field = FIELD(probe.command)},
    {.name = "agent.health.file", .meaning = "For `file`: what the agent writes. It counts once it was written since the agent's start. Relative to `working_directory`.",
     .field = FIELD(probe.file), .check = not_empty},
    {.name = "agent.health.max_age", .meaning = "For `file`: for how long it may stay as it is.",
     .field = FIELD(probe.max_age), .default_text = "any time"},
    {.name = "agent.health.watchdog_timeout", .meaning = "For `notify`: the agent has to send `WATCHDOG=1` at least this often; it is told so by `WATCHDOG_USEC`.",
     .field = FIELD(probe.watchdog_timeout), .default_text = "never"},
    {.name = "agent.health.interval", .meaning = "How often it is asked; up to a tenth longer or shorter by chance. After a start it is asked much more often, until it is healthy.",
     .field = FIELD(probe.interval), .at_least = 100ms},
    {.name = "agent.health.timeout", .meaning = "How long one answer may take.",
     .field = FIELD(probe.timeout)},
    {.name = "agent.health.successes", .meaning = "How many good answers in a row make it healthy: with a new config, before that is kept, and again later.",
     .field = FIELD(probe.successes)},
    {.name = "agent.health.failures", .meaning = "How many bad answers in a row make a healthy agent unhealthy.",
     .field = FIELD(probe.failures)},
    {.name = "agent.health.probes", .meaning = "Several probes: a map from a name to the keys of this section, without `probes`. All have to be good. The server sees each of them, in `component_health_map`."},
};

const Section kSections[] = {
    {"agent.health", "What decides whether the agent is healthy, and whether a new config is kept; see [health.md](health.md)."},
    {"agent.health.tls", "For `https://`. The server's name and certificate are verified."},
};
// clang-format on

}  // namespace

KeyTable agent_health_keys() {
    return {kKeys, kSections};
}

}  // namespace settings
