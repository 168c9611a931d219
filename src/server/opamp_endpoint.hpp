// What is served on the OpAMP address: agents, over WebSockets and over plain HTTP.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "async/notice.hpp"
#include "net/http_server.hpp"
#include "server/agents.hpp"
#include "server/authentication.hpp"
#include "server/polls.hpp"
#include "server/throttle.hpp"

namespace server {

struct EndpointOptions {
    std::string path = "/v1/opamp";
    /// How long an agent may take to show that it is alive when a second connection claims to be it.
    std::chrono::nanoseconds sign_of_life = std::chrono::seconds(2);
    std::string advertised;       ///< The URL agents are to use; empty: the one they used.
    TokenFile* tokens = nullptr;  ///< None: everybody is let in.
    const Throttle* throttle = nullptr;
    std::function<Time()> clock = [] { return std::chrono::system_clock::now(); };
};

class OpampEndpoint : public net::HttpHandler {
public:
    OpampEndpoint(Agents& agents, EndpointOptions options) : agents_(agents), options_(std::move(options)) {}

    /// The address listened on, "ADDR:PORT": known once the port is.
    void set_address(std::string address) { address_ = std::move(address); }

    async::Task<net::HttpResponse> respond(net::HttpRequest request) override;
    bool accepts_websocket(const net::HttpRequest& request) const override;
    async::Task<> talk(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) override;

    /// Whether the request is for the path of OpAMP.
    bool is_own(const net::HttpRequest& request) const { return request.path() == options_.path; }
    /// The answer to who is not let in, whatever is wanted of this address.
    std::optional<net::HttpResponse> refusal_of_sender(const net::HttpRequest& request) const;

    /// Disconnects agents that have stopped polling, until cancelled; then all that poll.
    async::Task<> watch_polls();
    /// Disconnects those whose time is over.
    void expire_polls();

private:
    class Connection;
    async::Task<> read_reports(Connection& connection);
    async::Task<> write_messages(Connection& connection);
    /// Returns once it is clear whether another connection of that agent is alive; if not, it is ended.
    async::Task<> prove_alive(AgentLink& newcomer, const base::Uuid& instance_uid);
    std::optional<std::string> next_message(Connection& connection);
    void heard_of(const base::Uuid& uid);
    async::Task<> meet_rival(AgentLink& link, const base::Uuid& instance_uid);
    /// The answer where the report is not to be taken in: the server is overloaded.
    std::optional<std::string> turned_away(const opamp::AgentReport& report) const;
    /// The answer to who is not let in.
    std::optional<net::HttpResponse> refusal(const net::HttpRequest& request) const;
    bool is_authorized(const net::HttpRequest& request) const;
    void introduce(AgentLink& link, const net::HttpRequest& request) const;

    async::Task<net::HttpResponse> on_post(net::HttpRequest request);
    async::Task<net::HttpResponse> take_report(net::HttpRequest request, opamp::AgentReport report);
    void settle_double(const Polls::Link& link, const base::Uuid& instance_uid);
    Time expiry_of(const PollLink& link) const;
    Time now() const { return options_.clock(); }

    Agents& agents_;
    EndpointOptions options_;
    std::string address_;
    Polls polls_;
    async::Notice* polled_ = nullptr;  ///< Of `watch_polls`, while it runs.
    Time next_look_;                   ///< When it looks next, if it is not told to look earlier.
    /// Newcomers that wait for a sign of life of the agent they claim to be.
    std::multimap<base::Uuid, async::Notice*> waiting_;
};

}  // namespace server
