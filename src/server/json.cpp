#include "server/json.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <limits>

#include "base/bytes.hpp"
#include "base/units.hpp"
#include "server/settings_json.hpp"

namespace server {
namespace {

namespace json = boost::json;

struct CapabilityName {
    std::uint64_t bit;
    const char* name;
};
constexpr CapabilityName kCapabilityNames[] = {
    {opamp::kReportsStatus, "ReportsStatus"},
    {opamp::kAcceptsRemoteConfig, "AcceptsRemoteConfig"},
    {opamp::kReportsEffectiveConfig, "ReportsEffectiveConfig"},
    {opamp::kAcceptsPackages, "AcceptsPackages"},
    {opamp::kReportsPackageStatuses, "ReportsPackageStatuses"},
    {opamp::kReportsOwnTraces, "ReportsOwnTraces"},
    {opamp::kReportsOwnMetrics, "ReportsOwnMetrics"},
    {opamp::kReportsOwnLogs, "ReportsOwnLogs"},
    {opamp::kAcceptsOpampConnectionSettings, "AcceptsOpAMPConnectionSettings"},
    {opamp::kAcceptsOtherConnectionSettings, "AcceptsOtherConnectionSettings"},
    {opamp::kAcceptsRestartCommand, "AcceptsRestartCommand"},
    {opamp::kReportsHealth, "ReportsHealth"},
    {opamp::kReportsRemoteConfig, "ReportsRemoteConfig"},
    {opamp::kReportsHeartbeat, "ReportsHeartbeat"},
    {opamp::kReportsAvailableComponents, "ReportsAvailableComponents"},
    {opamp::kReportsConnectionSettingsStatus, "ReportsConnectionSettingsStatus"},
};

const char* to_string(opamp::ConfigProgress progress) {
    switch (progress) {
    case opamp::ConfigProgress::none: return "UNSET";
    case opamp::ConfigProgress::waiting: return "WAITING";
    case opamp::ConfigProgress::withheld: return "TOO_LARGE";
    case opamp::ConfigProgress::offered: return "OFFERED";
    case opamp::ConfigProgress::applying: return "APPLYING";
    case opamp::ConfigProgress::applied: return "APPLIED";
    case opamp::ConfigProgress::failed: return "FAILED";
    }
    return "UNSET";
}

json::string text_of(std::string_view text) {
    return json::string(base::to_valid_utf8(text));
}

/// RFC 3339 with milliseconds, in UTC.
json::string time_of(Time time) {
    const auto ns = std::chrono::duration_cast<base::Duration>(time.time_since_epoch()).count();
    return json::string(base::format_time(ns, 3));
}

json::value time_or_null(const std::optional<Time>& time) {
    return time ? json::value(time_of(*time)) : json::value(nullptr);
}

json::value time_of_nanoseconds(std::uint64_t ns) {
    // The clock counts nanoseconds with a sign, until 2262.
    if (ns == 0 || ns > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) return nullptr;
    return time_of(Time(std::chrono::duration_cast<Time::duration>(std::chrono::nanoseconds(ns))));
}

json::object attributes_of(const opamp::Attributes& attributes) {
    json::object object;
    for (const auto& [key, value] : attributes) object[base::to_valid_utf8(key)] = text_of(value);
    return object;
}

json::object health_of(const opamp::ComponentHealth& health) {
    json::object components;
    for (const auto& [name, component] : health.components)
        components[base::to_valid_utf8(name)] = health_of(component);
    return {{"healthy", health.healthy},
            {"status", text_of(health.status)},
            {"last_error", text_of(health.last_error)},
            {"start_time", time_of_nanoseconds(health.start_time_unix_nano)},
            {"status_time", time_of_nanoseconds(health.status_time_unix_nano)},
            {"components", std::move(components)}};
}

/// A body is text for the page; where it is not, `is_text` says that what is shown is not what the agent has.
json::object files_of(const opamp::ConfigMap& files) {
    json::object object;
    for (const auto& [name, file] : files) {
        std::string body = base::to_valid_utf8(file.body);
        const bool is_text = body == file.body && body.find('\0') == std::string::npos;
        object[base::to_valid_utf8(name)] = {
            {"body", json::string(body)}, {"content_type", text_of(file.content_type)}, {"is_text", is_text}};
    }
    return object;
}

json::array capability_names(std::uint64_t capabilities) {
    json::array names;
    for (const auto& [bit, name] : kCapabilityNames)
        if ((capabilities & bit) != 0) names.push_back(json::string(name));
    return names;
}

/// Why nothing was sent.
std::string too_large(const Agent& agent) {
    return "The offer of " + base::format_size(agent.withheld_bytes) +
           " is over this server's --send-limit, and is not sent.";
}

/// What is set for the agent, what is offered of it, and what the agent says.
json::object connection_settings_of(const Agent& agent) {
    const auto& offered = agent.session.connection_settings();
    const auto reported = agent.session.state().connection_settings_status.value_or(opamp::ConnectionSettingsStatus());
    const auto progress = agent.session.settings_progress();
    std::string error = progress == opamp::ConfigProgress::withheld ? too_large(agent) : std::string();
    if (progress == opamp::ConfigProgress::failed) error = reported.error_message;
    return {{"status", to_string(progress)},
            {"error_message", text_of(error)},
            {"hash", offered ? json::value(text_of(base::to_hex(offered->hash))) : json::value(nullptr)},
            {"set_at", agent.settings ? json::value(time_of(agent.settings->set_at)) : json::value(nullptr)},
            {"set", agent.settings ? shown(agent.settings->offers) : json::value(nullptr)},
            {"offered", offered ? shown(*offered) : json::value(nullptr)},
            {"reported",
             {{"hash", text_of(base::to_hex(reported.hash))},
              {"status", text_of(opamp::to_string(reported.status))},
              {"error_message", text_of(reported.error_message)}}}};
}

json::object components_of(const opamp::Components& components) {
    json::object object;
    for (const auto& [name, component] : components)
        object[base::to_valid_utf8(name)] = {{"metadata", attributes_of(component.metadata)},
                                             {"components", components_of(component.parts)}};
    return object;
}

json::value available_components_of(const opamp::AgentState& state) {
    const auto& available = state.available_components;
    if (!available) return nullptr;
    return {{"hash", text_of(base::to_hex(available->hash))},
            {"components",
             available->components ? json::value(components_of(*available->components)) : json::value(nullptr)}};
}

json::array custom_capabilities_of(const opamp::AgentState& state) {
    json::array names;
    if (state.custom_capabilities)
        for (const std::string& name : *state.custom_capabilities) names.push_back(text_of(name));
    return names;
}

json::value transport_of(const Agent& agent) {
    if (agent.link == nullptr) return nullptr;
    return agent.link->delivery == opamp::Delivery::pushes ? "WebSocket" : "HTTP";
}

/// The status of the config set here; where none is, of the last one the agent had from anyone.
json::object remote_config_of(const Agent& agent) {
    const auto& config = agent.session.config();
    const opamp::RemoteConfigStatus reported =
        agent.session.state().remote_config_status.value_or(opamp::RemoteConfigStatus());
    const bool speaks_of_it = config && reported.hash == config->hash;
    json::string error = !config || speaks_of_it ? text_of(reported.error_message) : json::string();
    if (agent.session.progress() == opamp::ConfigProgress::withheld) error = text_of(too_large(agent));
    json::array steps;
    for (const ConfigStep& step : agent.steps)
        steps.push_back({{"status", to_string(step.progress)}, {"time", time_of(step.at)}});
    json::object object{{"status", config ? json::string(to_string(agent.session.progress()))
                                          : text_of(opamp::to_string(reported.status))},
                        {"error_message", std::move(error)},
                        {"hash", config ? json::value(text_of(base::to_hex(config->hash))) : json::value(nullptr)},
                        {"set_at", time_or_null(agent.config_set_at)},
                        {"steps", std::move(steps)},
                        {"reported",
                         {{"hash", text_of(base::to_hex(reported.hash))},
                          {"status", text_of(opamp::to_string(reported.status))},
                          {"error_message", text_of(reported.error_message)}}}};
    object["files"] = config ? json::value(files_of(config->files)) : json::value(nullptr);
    return object;
}

/// The agent's line in the list.
json::object summary_of(const Agent& agent) {
    const opamp::AgentState& state = agent.session.state();
    const auto& config = agent.session.config();
    const auto reported = state.remote_config_status ? state.remote_config_status->status : opamp::ConfigStatus::unset;
    return {{"instance_uid", json::string(agent.uid.text())},
            {"name", text_of(agent.name())},
            {"version", text_of(agent.attribute("service.version"))},
            {"host", text_of(agent.attribute("host.name"))},
            {"connected", agent.link != nullptr},
            {"transport", transport_of(agent)},
            {"connected_since", time_or_null(agent.connected_since)},
            {"last_seen", time_of(agent.last_seen)},
            {"healthy", state.health ? json::value(state.health->healthy) : json::value(nullptr)},
            {"health_status", state.health ? text_of(state.health->status) : json::string()},
            {"last_error", state.health ? text_of(state.health->last_error) : json::string()},
            {"config_status",
             config ? json::string(to_string(agent.session.progress())) : text_of(opamp::to_string(reported))}};
}

}  // namespace

std::string server_json(std::string_view opamp_endpoint, std::string_view otlp_endpoint) {
    return json::serialize(json::object{{"version", OPAMPD_VERSION},
                                        {"opamp_endpoint", text_of(opamp_endpoint)},
                                        {"otlp_endpoint", text_of(otlp_endpoint)}});
}

std::string agents_json(const Agents& agents) {
    std::vector<const Agent*> sorted;
    for (const auto& [uid, agent] : agents.all()) sorted.push_back(agent.get());
    std::stable_sort(sorted.begin(), sorted.end(), [](const Agent* a, const Agent* b) {
        return std::pair(a->link == nullptr, a->name()) < std::pair(b->link == nullptr, b->name());
    });
    json::array list;
    for (const Agent* agent : sorted) list.push_back(summary_of(*agent));
    return json::serialize(json::object{{"agents", std::move(list)}});
}

std::string agent_json(const Agent& agent) {
    const opamp::AgentState& state = agent.session.state();
    const opamp::AgentDescription description = state.description.value_or(opamp::AgentDescription());
    json::object object = summary_of(agent);
    object["sequence_num"] = agent.session.sequence_num();
    object["capabilities"] = capability_names(state.capabilities);
    object["description"] = {{"identifying_attributes", attributes_of(description.identifying)},
                             {"non_identifying_attributes", attributes_of(description.non_identifying)}};
    object["health"] = state.health ? json::value(health_of(*state.health)) : json::value(nullptr);
    object["effective_config"] =
        state.effective_config ? json::value{{"files", files_of(*state.effective_config)}} : json::value(nullptr);
    object["remote_config"] = remote_config_of(agent);
    object["connection_settings"] = connection_settings_of(agent);
    object["sampler"] = agent.sampler
                            ? json::value{{"text", text_of(agent.sampler->text)}, {"time", time_of(agent.sampler->at)}}
                            : json::value(nullptr);
    object["custom_capabilities"] = custom_capabilities_of(state);
    object["available_components"] = available_components_of(state);
    return json::serialize(object);
}

std::string error_json(std::string_view text) {
    return json::serialize(json::object{{"error", text_of(text)}});
}

std::string config_set_json(const Agent& agent) {
    const std::string hash = agent.session.config() ? base::to_hex(agent.session.config()->hash) : std::string();
    return json::serialize(json::object{{"hash", text_of(hash)}, {"connected", agent.link != nullptr}});
}

std::string settings_set_json(const Agent& agent) {
    const auto& offered = agent.session.connection_settings();
    return json::serialize(
        json::object{{"hash", offered ? json::value(text_of(base::to_hex(offered->hash))) : json::value(nullptr)},
                     {"connected", agent.link != nullptr}});
}

std::string changed_event(const Agent& agent) {
    return json::serialize(json::object{{"event", "agent.changed"}, {"agent", summary_of(agent)}});
}

std::string seen_event(const Agent& agent) {
    return json::serialize(json::object{{"event", "agent.seen"},
                                        {"instance_uid", json::string(agent.uid.text())},
                                        {"last_seen", time_of(agent.last_seen)},
                                        {"sequence_num", agent.session.sequence_num()}});
}

std::string forgotten_event(const base::Uuid& uid) {
    return json::serialize(json::object{{"event", "agent.forgotten"}, {"instance_uid", json::string(uid.text())}});
}

std::string telemetry_event(const base::Uuid& uid, Signal signal) {
    const char* name = signal == Signal::traces ? "traces" : signal == Signal::metrics ? "metrics" : "logs";
    return json::serialize(
        json::object{{"event", "telemetry.received"}, {"instance_uid", json::string(uid.text())}, {"signal", name}});
}

}  // namespace server
