#include "supervisor/from_settings.hpp"

namespace supervisor {

lifecycle::Policy lifecycle_policy(const settings::Agent& agent) {
    lifecycle::Policy policy;
    policy.has_probe = agent.health.type != settings::ProbeType::process;
    policy.min_uptime = agent.min_uptime;
    policy.apply_timeout = agent.config_apply_timeout;
    policy.stop_timeout = agent.stop_timeout;
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

opamp::ClientSession::Options session_options(const settings::Settings& settings, const base::Uuid& uid) {
    const settings::Capabilities& wanted = settings.capabilities;
    opamp::ClientSession::Options options;
    options.instance_uid = uid;
    options.heartbeat_interval = settings.server.heartbeat_interval;
    const auto add = [&](bool is_wanted, opamp::AgentCapability bit) {
        if (is_wanted) options.capabilities |= bit;
    };
    add(wanted.accepts_remote_config, opamp::kAcceptsRemoteConfig);
    add(wanted.reports_effective_config, opamp::kReportsEffectiveConfig);
    add(wanted.accepts_restart_command, opamp::kAcceptsRestartCommand);
    add(wanted.reports_health, opamp::kReportsHealth);
    add(wanted.reports_remote_config, opamp::kReportsRemoteConfig);
    add(wanted.reports_heartbeat, opamp::kReportsHeartbeat);
    return options;
}

base::Result<Connection::Options> connection_options(const settings::Server& server) {
    auto url = net::parse_url(server.endpoint);
    if (!url) return std::move(url).error().within("server.endpoint");
    Connection::Options options;
    options.client.url = std::move(*url);
    for (const auto& [name, value] : server.headers) options.client.headers.push_back({name, value});
    net::TlsOptions& tls = options.client.tls;
    tls.ca_file = server.tls.ca_file;
    tls.ca_pem = server.tls.ca_pem;
    tls.include_system_ca_certs_pool = server.tls.include_system_ca_certs_pool;
    tls.cert_file = server.tls.cert_file;
    tls.key_file = server.tls.key_file;
    tls.min_version = server.tls.min_version;
    tls.max_version = server.tls.max_version;
    tls.insecure_skip_verify = server.tls.insecure_skip_verify;
    tls.server_name_override = server.tls.server_name_override;
    options.reconnect.initial_interval = server.reconnect.initial_interval;
    options.reconnect.max_interval = server.reconnect.max_interval;
    return options;
}

std::optional<health::HttpProbe> http_probe(const settings::Agent& agent) {
    if (agent.health.type != settings::ProbeType::http) return std::nullopt;
    auto url = net::parse_url(agent.health.endpoint);
    if (!url) return std::nullopt;  // the settings have checked it
    return health::HttpProbe{std::move(*url), agent.health.timeout, agent.health.interval};
}

}  // namespace supervisor
