#include "supervisor/from_settings.hpp"

#include <algorithm>

#include "settings/command_line.hpp"
#include "settings/stop_steps.hpp"
#include "supervisor/agent_probes.hpp"

namespace supervisor {

lifecycle::Policy lifecycle_policy(const settings::Agent& agent) {
    lifecycle::Policy policy;
    policy.has_probe = !probes_of(agent).empty();  // which count their answers themselves
    policy.min_uptime = agent.min_uptime;
    policy.apply_timeout = agent.config_apply_timeout;
    const auto stops = settings::stop_steps(agent);
    policy.stop_timeout = stops.front().timeout;
    for (auto next = stops.begin() + 1; next != stops.end(); ++next) policy.further_stops.push_back(next->timeout);
    policy.start_timeout = agent.start_timeout;
    policy.watchdog_after = agent.watchdog.unhealthy_for;
    policy.watchdog_restarts = static_cast<int>(agent.watchdog.max_restarts);
    policy.crash_loop_after = static_cast<int>(agent.restart.crash_loop_after);
    switch (agent.restart.policy) {
    case settings::RestartPolicy::always: policy.restart = lifecycle::Restart::always; break;
    case settings::RestartPolicy::on_failure: policy.restart = lifecycle::Restart::on_failure; break;
    case settings::RestartPolicy::never: policy.restart = lifecycle::Restart::never; break;
    }
    policy.reloads = agent.reload.signal != 0 || !agent.reload.command.empty() || !agent.reload.url.empty();
    const settings::ReloadConfirm& confirm = agent.reload.confirm;
    policy.reload_is_proof = agent.reload.signal == 0 || !confirm.url.empty() || !confirm.command.empty() ||
                             !confirm.output.empty() || confirm.children || confirm.notify;
    policy.reloads_environment = agent.own_telemetry.delivery == settings::TelemetryDelivery::file;
    // The reload knows itself when its time is over: a question before, the order, the wait, a question at its end.
    policy.reload_timeout = 4 * agent.reload.timeout + std::chrono::seconds(1);
    policy.initial_backoff = agent.restart.initial_backoff;
    policy.max_backoff = agent.restart.max_backoff;
    policy.reset_after = agent.restart.reset_after;
    return policy;
}

config::Format config_format(const settings::Agent& agent) {
    switch (agent.config_format) {
    case settings::ConfigFormat::automatic: return config::Format::automatic;
    case settings::ConfigFormat::yaml: return config::Format::yaml;
    case settings::ConfigFormat::raw: return config::Format::raw;
    }
    return config::Format::automatic;
}

process::CommandSpec command_spec(const settings::Agent& agent, const settings::Command& command,
                                  std::string_view instance_uid, const Provision& provision) {
    process::CommandSpec spec;
    spec.argv = settings::filled_in(command.command, agent, instance_uid, provision.credentials);
    spec.environment = provision.environment;
    spec.privileges = provision.privileges;
    spec.descriptors = provision.descriptor_numbers();
    spec.working_directory = agent.working_directory;
    spec.timeout = command.timeout;
    spec.secrets = provision.secrets;
    return spec;
}

bool needs_main(const settings::Agent& agent) {
    return std::ranges::any_of(agent.args, [](const std::string& word) {
        return word.find(settings::kConfigPlaceholder.name) != std::string::npos;
    });
}

config::Kept kept(const settings::Agent& agent) {
    return {agent.config_history.max_revisions, agent.config_history.max_age};
}

opamp::ClientSession::Options session_options(const settings::Settings& settings, const settings::Agent& agent,
                                              const base::Uuid& uid) {
    const settings::Capabilities& wanted = settings.capabilities;
    opamp::ClientSession::Options options;
    options.instance_uid = uid;
    options.heartbeat_interval = settings.server.heartbeat_interval;
    options.poll_interval = settings.server.poll_interval;
    const auto add = [&](bool is_wanted, opamp::AgentCapability bit) {
        if (is_wanted) options.capabilities |= bit;
    };
    add(wanted.accepts_remote_config, opamp::kAcceptsRemoteConfig);
    add(wanted.reports_effective_config, opamp::kReportsEffectiveConfig);
    add(wanted.accepts_restart_command, opamp::kAcceptsRestartCommand);
    add(wanted.reports_health, opamp::kReportsHealth);
    add(wanted.reports_remote_config, opamp::kReportsRemoteConfig);
    add(wanted.reports_heartbeat, opamp::kReportsHeartbeat);
    add(wanted.reports_available_components && !agent.available_components.command.empty(),
        opamp::kReportsAvailableComponents);
    add(wanted.accepts_opamp_connection_settings, opamp::kAcceptsOpampConnectionSettings);
    add(wanted.reports_own_traces, opamp::kReportsOwnTraces);
    add(wanted.reports_own_metrics, opamp::kReportsOwnMetrics);
    add(wanted.reports_own_logs, opamp::kReportsOwnLogs);
    const bool takes_settings = wanted.accepts_opamp_connection_settings || wanted.reports_own_traces ||
                                wanted.reports_own_metrics || wanted.reports_own_logs;
    add(takes_settings && wanted.reports_connection_settings_status, opamp::kReportsConnectionSettingsStatus);
    return options;
}

net::ReconnectPolicy reconnect_policy(const settings::Reconnect& reconnect) {
    return {reconnect.initial_interval, reconnect.max_interval, reconnect.throttled_interval};
}

}  // namespace supervisor
