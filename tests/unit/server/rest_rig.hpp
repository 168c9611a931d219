// The REST interface over agents that are registered without a connection.
#pragma once

#include <opamp/v1/opamp.pb.h>

#include <boost/json.hpp>

#include "server/rest.hpp"
#include "unit/server/rig.hpp"

namespace server_test {

namespace json = boost::json;
namespace pb = opamp::proto::v1;

const std::string kAgent = "/api/agents/" + kUid.text();
const std::string kSettings = kAgent + "/connection-settings";

struct RestRig {
    explicit RestRig(const std::string& file = ":memory:")
        : store(std::move(*server::Store::open(file))), agents(*store, events), rest(agents, throttle) {
        REQUIRE(agents.load());
        link.endpoint = "ws://server/v1/opamp";
    }
    /// The answer to the report.
    pb::ServerToAgent receive(const opamp::AgentReport& report) {
        pb::ServerToAgent message;
        REQUIRE(message.ParseFromString(agents.receive(link, report, 100, at(0))));
        return message;
    }
    /// What the agent is told without having asked.
    std::optional<pb::ServerToAgent> push() {
        const auto bytes = agents.next_push(link, kUid, at(1));
        if (!bytes) return std::nullopt;
        pb::ServerToAgent message;
        REQUIRE(message.ParseFromString(*bytes));
        return message;
    }
    net::HttpResponse call(const std::string& method, const std::string& target, const std::string& body = "",
                           std::vector<net::Header> headers = {}) {
        net::HttpRequest request;
        request.method = method;
        request.target = target;
        request.headers = std::move(headers);
        request.body = body;
        return rest.respond(request, at(9));
    }
    json::value get(const std::string& target) {
        const auto response = call("GET", target);
        REQUIRE(response.status == 200);
        CHECK(response.content_type == "application/json");
        return json::parse(response.body);
    }
    /// A part of what is known of the agent.
    json::value shown(const char* part) { return get(kAgent).at(part); }

    Events events;
    std::unique_ptr<server::Store> store;
    server::Agents agents;
    server::Throttle throttle;
    server::Rest rest;
    Link link;
};

}  // namespace server_test
