// Health and metrics of all agents over HTTP, for whoever watches this host.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "net/http_server.hpp"
#include "supervisor/agent_supervisor.hpp"

namespace supervisor {

/// /health (and /): 200 while every agent is as it should be, else 503, with the reasons. /metrics: in Prometheus'
/// format. Nothing can be changed here, and nobody is asked who they are.
class LocalEndpoint : public net::HttpHandler {
public:
    using Agents = std::vector<std::unique_ptr<AgentSupervisor>>;
    /// `agents` outlive `run`.
    LocalEndpoint(const async::asio::any_io_executor& executor, const Agents& agents);

    /// The port. Errors: as net::HttpServer::listen.
    base::Result<std::uint16_t> listen(const std::string& address) { return server_.listen(address); }
    /// Answers until cancelled.
    async::Task<> run() { return server_.run(); }

    async::Task<net::HttpResponse> respond(net::HttpRequest request) override;

private:
    net::HttpResponse health() const;
    net::HttpResponse metrics();

    const Agents& agents_;
    net::HttpServer server_;
    std::string exposition_;
    async::SteadyClock::time_point collect_again_;
};

/// False without an endpoint, and with port 0, by which `opampsupervisor` is told the same.
bool is_wanted(const settings::HealthCheck& healthcheck);

}  // namespace supervisor
