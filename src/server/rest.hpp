// The REST interface, under /api.
#pragma once

#include "base/result.hpp"
#include "net/http.hpp"
#include "server/agents.hpp"
#include "server/throttle.hpp"

namespace server {

/// GET    /api/server                  its version, and where agents connect
/// GET    /api/agents                  the list
/// GET    /api/agents/{uid}            everything that is known of one
/// PUT    /api/agents/{uid}/config     sets a config of any number of files, as JSON
/// POST   /api/agents/{uid}/config     sets a config of one file without a name: the body, with its Content-Type
/// DELETE /api/agents/{uid}/config     no config is offered any more
/// PUT    /api/agents/{uid}/connection-settings   sets what is offered of the protocol's ConnectionSettingsOffers
/// PATCH  /api/agents/{uid}/connection-settings   the same of the parts that are named; null takes one away
/// DELETE /api/agents/{uid}/connection-settings   nothing is offered any more
/// GET    /api/throttle                which agents are turned away
/// PUT    /api/throttle                turns agents away, or no longer: {"mode": "…", "retry_after": "3s"}
/// POST   /api/agents/{uid}/sampler    asks the agent for another sampler of its own traces: {"sampler": "always_on"}
/// POST   /api/agents/{uid}/restart    restarts the agent
/// DELETE /api/agents/{uid}            forgets an agent that is not connected
///
/// Errors are {"error": "…"} with a fitting status.
class Rest {
public:
    Rest(Agents& agents, Throttle& throttle) : agents_(agents), throttle_(throttle) {}

    /// The URL agents connect to, and the one telemetry goes to.
    void set_endpoints(std::string opamp, std::string otlp) {
        endpoint_ = std::move(opamp);
        otlp_endpoint_ = std::move(otlp);
    }

    net::HttpResponse respond(const net::HttpRequest& request, Time now);

private:
    net::HttpResponse on_agent(const net::HttpRequest& request, const base::Uuid& uid);
    net::HttpResponse on_config(const net::HttpRequest& request, const base::Uuid& uid, Time now);
    net::HttpResponse on_settings(const net::HttpRequest& request, const base::Uuid& uid, Time now);
    net::HttpResponse on_sampler(const net::HttpRequest& request, const base::Uuid& uid);
    net::HttpResponse on_throttle(const net::HttpRequest& request);
    net::HttpResponse on_restart(const net::HttpRequest& request, const base::Uuid& uid);
    net::HttpResponse set_config(const base::Uuid& uid, base::Result<opamp::ConfigMap> files, Time now);

    Agents& agents_;
    Throttle& throttle_;
    std::string endpoint_;
    std::string otlp_endpoint_;
};

net::HttpResponse json_response(unsigned status, std::string body);
/// The status that fits the error's Kind.
net::HttpResponse error_response(const base::Error& error);

}  // namespace server
