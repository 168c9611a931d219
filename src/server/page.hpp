// The web page: files that are part of the program.
#pragma once

#include <span>

#include "base/embedded.hpp"
#include "net/http_server.hpp"
#include "server/agents.hpp"
#include "server/live.hpp"
#include "server/rest.hpp"
#include "server/telemetry_rest.hpp"

namespace server {

/// The files of src/server/page.
std::span<const base::EmbeddedFile> page_files();

/// What is served on the page's address: the page, the REST interface, and the live updates at /api/live.
class PageEndpoint : public net::HttpHandler {
public:
    PageEndpoint(Agents& agents, TelemetryKeeper& telemetry, Live& live, Throttle& throttle)
        : rest_(agents, throttle), telemetry_(telemetry), live_(live) {}

    /// The address listened on, "ADDR:PORT", and the URLs that agents connect to and send telemetry to: known once the
    /// ports are.
    void set_addresses(std::string address, std::string opamp_endpoint, std::string otlp_endpoint) {
        address_ = std::move(address);
        rest_.set_endpoints(std::move(opamp_endpoint), std::move(otlp_endpoint));
    }

    async::Task<net::HttpResponse> respond(net::HttpRequest request) override;
    bool accepts_websocket(const net::HttpRequest& request) const override;
    async::Task<> talk(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) override;

private:
    async::Task<net::HttpResponse> answer(net::HttpRequest request);

    Rest rest_;
    TelemetryRest telemetry_;
    Live& live_;
    std::string address_;
};

}  // namespace server
