// What is served on the OpAMP address: WebSockets that carry the messages of agents.
#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "async/notice.hpp"
#include "net/http_server.hpp"
#include "server/agents.hpp"

namespace server {

class OpampEndpoint : public net::HttpHandler {
public:
    /// `sign_of_life`: how long an agent may take to show that it is alive when a second connection claims to be it.
    OpampEndpoint(Agents& agents, std::string path, std::chrono::nanoseconds sign_of_life = std::chrono::seconds(2))
        : agents_(agents), path_(std::move(path)), sign_of_life_(sign_of_life) {}

    /// The address listened on, "ADDR:PORT": known once the port is.
    void set_address(std::string address) { address_ = std::move(address); }

    async::Task<net::HttpResponse> respond(net::HttpRequest request) override;
    bool accepts_websocket(const net::HttpRequest& request) const override;
    async::Task<> talk(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) override;

private:
    class Connection;
    async::Task<> read_reports(Connection& connection);
    async::Task<> write_messages(Connection& connection);
    /// Returns once it is clear whether another connection of that agent is alive; if not, it is ended.
    async::Task<> prove_alive(Connection& newcomer, const base::Uuid& instance_uid);
    std::optional<std::string> next_message(Connection& connection);
    void heard_of(const base::Uuid& uid);

    Agents& agents_;
    std::string path_;
    std::string address_;
    std::chrono::nanoseconds sign_of_life_;
    /// Newcomers that wait for a sign of life of the agent they claim to be.
    std::multimap<base::Uuid, async::Notice*> waiting_;
};

}  // namespace server
