// The web page: files that are part of the program.
#pragma once

#include <span>

#include "base/embedded.hpp"
#include "net/http_server.hpp"
#include "server/agents.hpp"
#include "server/live.hpp"
#include "server/rest.hpp"

namespace server {

/// The files of src/server/page.
std::span<const base::EmbeddedFile> page_files();

/// What is served on the page's address: the page, the REST interface, and the live updates at /api/live.
class PageEndpoint : public net::HttpHandler {
public:
    PageEndpoint(Agents& agents, Live& live, Throttle& throttle) : rest_(agents, throttle), live_(live) {}

    /// The address listened on, "ADDR:PORT", and the URL agents connect to: known once the ports are.
    void set_addresses(std::string address, std::string opamp_endpoint) {
        address_ = std::move(address);
        rest_.set_endpoint(std::move(opamp_endpoint));
    }

    async::Task<net::HttpResponse> respond(net::HttpRequest request) override;
    bool accepts_websocket(const net::HttpRequest& request) const override;
    async::Task<> talk(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) override;

private:
    net::HttpResponse answer(const net::HttpRequest& request);

    Rest rest_;
    Live& live_;
    std::string address_;
};

}  // namespace server
