#include "settings/describe.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "settings/capability_name.hpp"
#include "settings/command_line.hpp"
#include "settings/output_place.hpp"
#include "settings/resource_limit.hpp"
#include "settings/scalar.hpp"
#include "settings/stop_steps.hpp"
#include "settings/suggest.hpp"

namespace settings {
namespace {

void line(std::string& text, std::string_view what, const std::string& value) {
    std::string label(what);
    label.resize(std::max<std::size_t>(label.size() + 1, 12), ' ');
    text += label + value + "\n";
}

/// A query may hold a token.
std::string without_query(const std::string& url) {
    const auto query = url.find('?');
    return query == std::string::npos ? url : url.substr(0, query) + "?…";
}

std::string server_text(const Server& server) {
    std::string text = without_query(server.endpoint);
    std::vector<std::string> names;
    for (const auto& [name, value] : server.headers)
        if (std::find(names.begin(), names.end(), name) == names.end()) names.push_back(name);
    for (std::size_t i = 0; i < names.size(); ++i) text += (i == 0 ? ", with header " : ", ") + names[i];
    if (!server.auth.bearer_token_file.empty()) text += ", with the token of " + server.auth.bearer_token_file;
    if (!server.auth.oauth2.token_url.empty())
        text += ", with a token of " + without_query(server.auth.oauth2.token_url);
    if (server.tls.insecure_skip_verify) text += ", certificate NOT verified";
    return text;
}

std::string command_text(const Agent& agent) {
    std::string text = base::quoted_if_needed(agent.executable.string());
    const auto& args = agent.args_as_written.empty() ? agent.args : agent.args_as_written;
    for (const std::string& arg : filled_in(args, agent, kInstanceUidPlaceholder.name))
        text += " " + base::quoted_if_needed(arg);
    return text;
}

std::string config_text(const Agent& agent, const Capabilities& capabilities) {
    std::string text = agent.config_path.string() + " (" + as_text(agent.config_format) + ")";
    std::string sources;
    for (const auto& file : agent.config_files) sources += (sources.empty() ? "" : ", ") + file.string();
    if (capabilities.accepts_remote_config) sources += sources.empty() ? "the server" : ", the server";
    return text + ", from " + (sources.empty() ? "nothing: no config_files, and no remote config accepted" : sources);
}

std::string probe_text(const Probe& probe, const Agent& agent) {
    const std::string every = " every " + as_text(probe.interval);
    switch (probe.type) {
    case ProbeType::process: return "once alive for " + as_text(agent.min_uptime);
    case ProbeType::http:
    case ProbeType::tcp:
    case ProbeType::unix_socket: return without_query(probe.endpoint) + every;
    case ProbeType::command: return probe.command.front() + every;  // its arguments may be secrets
    case ProbeType::file: return probe.file.string() + every;
    case ProbeType::notify: return "once it has said READY=1";
    }
    return "";
}

std::string health_text(const Agent& agent) {
    const Health& health = agent.health;
    std::string text = health.probes.empty() || health.type != ProbeType::process ? probe_text(health, agent) : "";
    for (const auto& [name, probe] : health.probes)
        text += (text.empty() ? "" : "; ") + name + ": " + probe_text(probe, agent);
    return text + ", within " + as_text(agent.config_apply_timeout) + " for a new config";
}

/// What differs from opampd itself.
std::string privileges_text(const Privileges& privileges) {
    const ResolvedPrivileges& resolved = privileges.resolved;
    std::string text;
    const auto add = [&](const std::string& what, const std::string& value) {
        text += (text.empty() ? "" : ", ") + what + " " + value;
    };
    const auto number = [](const std::string& name, std::uint32_t id) {
        return name == std::to_string(id) ? name : (name.empty() ? "" : name + " ") + "(" + std::to_string(id) + ")";
    };
    if (resolved.user) add("user", number(privileges.user, *resolved.user));
    if (resolved.group) add("group", number(privileges.group, *resolved.group));
    if (resolved.groups) {
        std::string groups;
        for (const std::uint32_t group : *resolved.groups)
            groups += (groups.empty() ? "" : " ") + std::to_string(group);
        add("groups", groups.empty() ? "none" : groups);
    }
    if (!privileges.umask.empty()) add("umask", privileges.umask);
    for (const ResourceLimit& limit : resolved.limits) add("limit " + limit.name, limit_text(limit));
    if (resolved.nice) add("nice", privileges.nice);
    if (resolved.oom_score_adjust) add("OOM score", privileges.oom_score_adjust);
    const auto names = [](std::uint64_t set) { return set == 0 ? "none" : capability_names(set); };
    if (resolved.bounding_set) add("capabilities at most", names(*resolved.bounding_set));
    if (resolved.ambient) add("ambient capabilities", names(*resolved.ambient));
    if (privileges.no_new_privileges) add("no", "new privileges");
    return text;
}

std::string preset_text(const Agent& agent) {
    const FromPreset& from = agent.from_preset;
    return agent.preset + " (" + (from.file.empty() ? "built in" : from.file) +
           (from.by_program ? ", by the program's name)" : ")") + (from.summary.empty() ? "" : ": " + from.summary);
}

/// "SIGINT, SIGTERM after 5s, SIGKILL after 10s".
std::string stop_text(const Agent& agent) {
    std::string text, after;
    for (const StopStep& step : stop_steps(agent)) {
        text += as_text(step.signal) + after + ", ";
        after = " after " + as_text(step.timeout);
    }
    return text + "SIGKILL" + after;
}

std::string restart_text(const Restart& restart) {
    if (restart.policy == RestartPolicy::never) return "never";
    const std::string when =
        restart.policy == RestartPolicy::on_failure ? "unless it ends with exit code 0, at once" : "at once";
    return when + ", then after " + as_text(restart.initial_backoff) + " to " + as_text(restart.max_backoff);
}

/// How a running agent comes to have another config. The arguments of commands may be secrets.
std::string reload_text(const Reload& reload) {
    std::string how, seen;
    if (reload.signal != 0)
        how = as_text(reload.signal);
    else if (!reload.command.empty())
        how = reload.command.front();
    else if (!reload.url.empty())
        how = "POST " + without_query(reload.url);
    else
        return "by a restart";
    const ReloadConfirm& confirm = reload.confirm;
    if (!confirm.url.empty())
        seen = "what " + without_query(confirm.url) + " answers";
    else if (!confirm.command.empty())
        seen = "what " + confirm.command.front() + " prints";
    else if (!confirm.output.empty())
        seen = "its output, '" + confirm.output + "'";
    else if (confirm.children)
        seen = "its new child processes";
    else if (confirm.notify)
        seen = "READY=1";
    if (!seen.empty()) seen = ", seen by " + seen;
    return "by " + how + seen + ", within " + as_text(reload.timeout) + ", else by a restart";
}

void describe_agent(std::string& text, const Agent& agent, const Settings& settings) {
    line(text, "agent", agent.name);
    if (agent.preset != Agent{}.preset || !agent.from_preset.keys.empty()) {
        line(text, "  preset", preset_text(agent));
        line(text, "  gives", agent.from_preset.keys.empty() ? "nothing" : listed(agent.from_preset.keys));
    }
    line(text, "  runs", command_text(agent));
    if (const std::string whose = privileges_text(agent.privileges); !whose.empty()) line(text, "  as", whose);
    line(text, "  in", agent.working_directory.string());
    line(text, "  config", config_text(agent, settings.capabilities));
    if (!agent.config_check.command.empty()) line(text, "  checked by", agent.config_check.command.front());
    line(text, "  applied", reload_text(agent.reload));
    if (!agent.pre_start.command.empty()) line(text, "  pre_start", agent.pre_start.command.front());
    if (!agent.post_stop.command.empty()) line(text, "  post_stop", agent.post_stop.command.front());
    line(text, "  healthy", health_text(agent));
    line(text, "  stop", stop_text(agent));
    line(text, "  restart", restart_text(agent.restart));
    std::string names;
    for (const auto& [name, capability] : agent.custom_capabilities) names += (names.empty() ? "" : ", ") + name;
    if (!names.empty()) line(text, "  answers", names);
    if (!agent.available_components.command.empty())
        line(text, "  made of", "what " + agent.available_components.command.front() + " says");
    if (!agent.version.command.empty()) line(text, "  version", "what " + agent.version.command.front() + " says");
    const std::filesystem::path folder = settings.storage.directory / agent.name;
    line(text, "  prints to", where_output_goes(agent, folder));
    line(text, "  state", folder.string());
}

}  // namespace

std::string describe(const Settings& settings) {
    std::string text;
    line(text, "server", server_text(settings.server));
    std::string outputs;
    for (const std::string& output : settings.logs.outputs) outputs += (outputs.empty() ? "" : ", ") + output;
    line(text, "log", outputs + ", " + as_text(settings.logs.format) + ", from " + as_text(settings.logs.level));
    const Control& control = settings.control;
    line(text, "control", control.socket.string() + (control.group.empty() ? "" : ", for the group " + control.group));
    for (const Agent& agent : settings.agents) describe_agent(text, agent, settings);
    return text;
}

}  // namespace settings
