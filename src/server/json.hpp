// What the REST interface says and takes, as JSON. The library stays in json.cpp.
#pragma once

#include <string>
#include <string_view>

#include "base/result.hpp"
#include "opamp/messages.hpp"
#include "server/agents.hpp"
#include "server/telemetry.hpp"

namespace server {

/// {"version": "…", "opamp_endpoint": "ws://…", "otlp_endpoint": "http://…"}: the latter without /v1/traces and the
/// like.
std::string server_json(std::string_view opamp_endpoint, std::string_view otlp_endpoint);
/// {"agents": […]}, those connected first, then by name.
std::string agents_json(const Agents& agents);
/// One agent with everything that is known of it.
std::string agent_json(const Agent& agent);
/// {"error": "…"}
std::string error_json(std::string_view text);
/// {"hash": "…", "connected": true}: the answer to a config that was set.
std::string config_set_json(const Agent& agent);

/// The same for connection settings; a hash of null: the agent accepts none of them.
std::string settings_set_json(const Agent& agent);

/// Messages of /api/live. `changed` has the agent's line of the list.
std::string changed_event(const Agent& agent);
std::string seen_event(const Agent& agent);
std::string forgotten_event(const base::Uuid& uid);
/// Something new has come of this agent.
std::string telemetry_event(const base::Uuid& uid, Signal signal);

/// {"sampler": "always_on"}: the text is the agent's to understand. Errors: invalid.
base::Result<std::string> parse_sampler(std::string_view json);

/// {"files": {"name": {"body": "…", "content_type": "text/yaml"}}}. Errors: invalid, saying what was expected where.
base::Result<opamp::ConfigMap> parse_config(std::string_view json);

}  // namespace server
