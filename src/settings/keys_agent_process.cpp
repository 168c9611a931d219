// The keys of an agent: how its process is kept.
#include "settings/checks.hpp"
#include "settings/key_tables.hpp"

namespace settings {
namespace {

// clang-format off
const Key kKeys[] = {
    {.name = "agent.min_uptime", .meaning = "Without a probe: the agent is healthy once it has been alive for this long.",
     .field = FIELD(agent.min_uptime)},
    {.name = "agent.stop_signal", .meaning = "What the agent's process group gets first, by name (with or without `SIG`) or number.",
     .field = FIELD(agent.stop_signal), .check = ending_signal},
    {.name = "agent.stop_timeout", .meaning = "From that signal to SIGKILL.",
     .field = FIELD(agent.stop_timeout)},
    {.name = "agent.stop_sequence", .meaning = "Several signals one after the other, each with the time until the next, and SIGKILL at the end: `[SIGINT 5s, SIGTERM 10s]`. Instead of `stop_signal` and `stop_timeout`.",
     .field = FIELD(agent.stop_sequence), .check = stop_step},
    {.name = "agent.start_timeout", .meaning = "With a probe: an agent that is not healthy so long after a start is stopped and started again, as if it had ended. A config on trial has `config_apply_timeout` instead.",
     .field = FIELD(agent.start_timeout), .default_text = "no limit"},
    {.name = "agent.pre_start.command", .meaning = "A program and its arguments, with placeholders, run before each start, with the config in place. Another exit code than 0: the start has failed. The program is found as `agent.executable` is.",
     .field = FIELD(agent.pre_start.command)},
    {.name = "agent.pre_start.timeout", .meaning = "How long it may take. What still runs then is killed, with its children.",
     .field = FIELD(agent.pre_start.timeout)},
    {.name = "agent.post_stop.command", .meaning = "The same after each end, also after a crash. Its exit code changes nothing.",
     .field = FIELD(agent.post_stop.command)},
    {.name = "agent.post_stop.timeout", .meaning = "How long it may take.",
     .field = FIELD(agent.post_stop.timeout)},
    {.name = "agent.watchdog.unhealthy_for", .meaning = "With a probe: an agent that has been healthy and then is not for so long is restarted.",
     .field = FIELD(agent.watchdog.unhealthy_for), .default_text = "never"},
    {.name = "agent.watchdog.max_restarts", .meaning = "So often at most, until it has been healthy for `restart.reset_after`.",
     .field = FIELD(agent.watchdog.max_restarts)},
    {.name = "agent.restart.policy", .meaning = "Which ends by itself are followed by another start: `always`, `on-failure` (all but exit code 0) or `never`. One that stays down is started by another config, a restart that the server or `opampctl` orders, and the next start of opampd. What an agent that has not yet been healthy with a new config ends with is that config's failure in any case.",
     .field = FIELD(agent.restart.policy)},
    {.name = "agent.restart.crash_loop_after", .meaning = "So many ends in a row are called a crash loop in the agent's health.",
     .field = FIELD(agent.restart.crash_loop_after)},
    {.name = "agent.restart.initial_backoff", .meaning = "Pause before the second restart. The first one is immediate.",
     .field = FIELD(agent.restart.initial_backoff)},
    {.name = "agent.restart.max_backoff", .meaning = "The longest pause. It doubles up to this; each is up to a fifth longer or shorter by chance.",
     .field = FIELD(agent.restart.max_backoff)},
    {.name = "agent.restart.reset_after", .meaning = "A run of at least this long makes the crashes before it forgotten.",
     .field = FIELD(agent.restart.reset_after)},

    {.name = "agent.reload.signal", .meaning = "The signal that makes the running agent read its config again, sent to its main process: `SIGHUP`.",
     .field = FIELD(agent.reload.signal), .check = reload_signal},
    {.name = "agent.reload.command", .meaning = "A program and its arguments, with placeholders and `{pid}`, the agent's main process, that makes it do so. Another exit code than 0: it has not taken the config. The program is found as `agent.executable` is.",
     .field = FIELD(agent.reload.command)},
    {.name = "agent.reload.url", .meaning = "URL that makes it do so by a POST without a body. Another status than 200 to 299: it has not taken the config.",
     .field = FIELD(agent.reload.url), .check = http_url},
    {.name = "agent.reload.timeout", .meaning = "How long `command` or `url` may take to answer, and then what `confirm` waits for. After that the agent is restarted instead.",
     .field = FIELD(agent.reload.timeout)},
    {.name = "agent.reload.confirm.url", .meaning = "URL of an answer that changes once the agent has taken the config; asked for before and after.",
     .field = FIELD(agent.reload.confirm.url), .check = http_url},
    {.name = "agent.reload.confirm.line", .meaning = "How the line of the answer begins that has to change.",
     .field = FIELD(agent.reload.confirm.line), .check = not_empty, .default_text = "the whole answer"},
    {.name = "agent.reload.confirm.command", .meaning = "A program and its arguments, as `reload.command`, that prints something else once the agent has taken the config; run before and after.",
     .field = FIELD(agent.reload.confirm.command)},
    {.name = "agent.reload.confirm.output", .meaning = "A line that the agent prints once it has taken the config; `*` and `?` stand for any: `*Loading success.*`.",
     .field = FIELD(agent.reload.confirm.output), .check = not_empty},
    {.name = "agent.reload.confirm.children", .meaning = "The agent's main process has a child that it did not have before: new workers.",
     .field = FIELD(agent.reload.confirm.children)},
    {.name = "agent.reload.confirm.notify", .meaning = "The agent sends `RELOADING=1` and then `READY=1` to `$NOTIFY_SOCKET`, as a service of systemd of `Type=notify-reload` does.",
     .field = FIELD(agent.reload.confirm.notify)},
};

const Section kSections[] = {
    {"agent.pre_start", "Before each start."},
    {"agent.post_stop", "After each end."},
    {"agent.watchdog", "An agent that runs and is not well."},
    {"agent.restart", "An agent that ends by itself is started again, with pauses, for ever; unless `policy` says otherwise."},
    {"agent.reload", "A new config without a restart, by one of `signal`, `command` and `url`; without any of them the agent is restarted for each config. The agent has to prove itself with it as after a start; a reload that it does not take becomes a restart, and so does the way back."},
    {"agent.reload.confirm", "What shows that the agent has taken the config, one of these. Where there is no probe, that is proof enough and `min_uptime` is not waited for. Without any of them `health` alone decides, and whoever reloads by `command` or `url` knows by its answer."},
};
// clang-format on

}  // namespace

KeyTable agent_process_keys() {
    return {kKeys, kSections};
}

}  // namespace settings
