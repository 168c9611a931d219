#include "server/rest.hpp"

#include "base/log.hpp"
#include "server/json.hpp"
#include "server/settings_json.hpp"

namespace server {
namespace {

unsigned status_of(base::Kind kind) {
    switch (kind) {
    case base::Kind::invalid: return 400;
    case base::Kind::not_found: return 404;
    case base::Kind::refused: return 409;
    case base::Kind::too_large: return 413;
    case base::Kind::cancelled: return 503;
    case base::Kind::io:
    case base::Kind::timeout:
    case base::Kind::bug: return 500;
    }
    return 500;
}

net::HttpResponse not_found() {
    return json_response(404, error_json("there is nothing at this address"));
}

net::HttpResponse wrong_method(std::string allowed) {
    net::HttpResponse response = json_response(405, error_json("this address takes " + allowed));
    response.headers.push_back({"Allow", std::move(allowed)});
    return response;
}

net::HttpResponse done(const base::Result<void>& result) {
    return result ? json_response(200, "{}") : error_response(result.error());
}

bool reads(const net::HttpRequest& request) {
    return request.method == "GET" || request.method == "HEAD";
}

/// The body as the one file of a config. Text that nobody labelled is taken for YAML.
opamp::ConfigMap as_one_file(const net::HttpRequest& request) {
    const std::string_view type = request.header("Content-Type");
    const bool is_unlabelled = type.empty() || type == "application/x-www-form-urlencoded";
    return {{"", {request.body, is_unlabelled ? "text/yaml" : std::string(type)}}};
}

}  // namespace

net::HttpResponse json_response(unsigned status, std::string body) {
    net::HttpResponse response;
    response.status = status;
    response.content_type = "application/json";
    response.body = std::move(body);
    response.headers.push_back({"Cache-Control", "no-store"});
    return response;
}

net::HttpResponse error_response(const base::Error& error) {
    return json_response(status_of(error.kind()), error_json(error.text()));
}

net::HttpResponse Rest::respond(const net::HttpRequest& request, Time now) {
    constexpr std::string_view kAgents = "/api/agents";
    std::string_view path = request.path();
    if (path == "/api/server")
        return reads(request) ? json_response(200, server_json(endpoint_, otlp_endpoint_)) : wrong_method("GET");
    if (path == "/api/throttle") return on_throttle(request);
    if (!path.starts_with(kAgents)) return not_found();
    path.remove_prefix(kAgents.size());
    if (path.empty()) return reads(request) ? json_response(200, agents_json(agents_)) : wrong_method("GET");
    if (path[0] != '/') return not_found();
    path.remove_prefix(1);

    const std::string_view uid_text = path.substr(0, path.find('/'));
    const std::string_view rest = path.substr(uid_text.size());
    const auto uid = base::Uuid::parse(uid_text);
    if (!uid) return json_response(404, error_json("'" + std::string(uid_text) + "' is not an instance_uid"));
    if (rest.empty()) return on_agent(request, *uid);
    if (rest == "/config") return on_config(request, *uid, now);
    if (rest == "/connection-settings") return on_settings(request, *uid, now);
    if (rest == "/sampler") return on_sampler(request, *uid);
    if (rest == "/restart") return on_restart(request, *uid);
    return not_found();
}

net::HttpResponse Rest::on_agent(const net::HttpRequest& request, const base::Uuid& uid) {
    if (request.method == "DELETE") return done(agents_.forget(uid));
    if (!reads(request)) return wrong_method("GET, DELETE");
    const Agent* agent = agents_.find(uid);
    if (agent == nullptr) return json_response(404, error_json("no agent has the instance_uid " + uid.text()));
    return json_response(200, agent_json(*agent));
}

net::HttpResponse Rest::on_config(const net::HttpRequest& request, const base::Uuid& uid, Time now) {
    if (request.method == "PUT") return set_config(uid, parse_config(request.body), now);
    if (request.method == "POST") return set_config(uid, as_one_file(request), now);
    if (request.method == "DELETE") return done(agents_.remove_config(uid));
    return wrong_method("PUT, POST, DELETE");
}

net::HttpResponse Rest::on_settings(const net::HttpRequest& request, const base::Uuid& uid, Time now) {
    if (request.method == "DELETE") return done(agents_.remove_settings(uid));
    if (request.method != "PUT" && request.method != "PATCH") return wrong_method("PUT, PATCH, DELETE");
    const Agent* agent = agents_.find(uid);
    const bool goes_on = request.method == "PATCH" && agent != nullptr && agent->settings;
    auto offers =
        parse_settings_change(request.body, goes_on ? agent->settings->offers : opamp::ConnectionSettingsOffers());
    if (!offers) return error_response(offers.error());
    if (auto set = agents_.set_settings(uid, std::move(*offers), now); !set) return error_response(set.error());
    return json_response(200, settings_set_json(*agents_.find(uid)));
}

net::HttpResponse Rest::on_sampler(const net::HttpRequest& request, const base::Uuid& uid) {
    if (request.method != "POST") return wrong_method("POST");
    auto sampler = parse_sampler(request.body);
    return sampler ? done(agents_.set_sampler(uid, std::move(*sampler))) : error_response(sampler.error());
}

net::HttpResponse Rest::on_throttle(const net::HttpRequest& request) {
    if (reads(request)) return json_response(200, throttle_json(throttle_));
    if (request.method != "PUT") return wrong_method("GET, PUT");
    auto throttle = parse_throttle(request.body);
    if (!throttle) return error_response(throttle.error());
    throttle_ = *throttle;
    base::log::warning("throttle.set", {{"throttle", throttle_json(throttle_)}});
    return json_response(200, throttle_json(throttle_));
}

net::HttpResponse Rest::on_restart(const net::HttpRequest& request, const base::Uuid& uid) {
    return request.method == "POST" ? done(agents_.restart(uid)) : wrong_method("POST");
}

net::HttpResponse Rest::set_config(const base::Uuid& uid, base::Result<opamp::ConfigMap> files, Time now) {
    if (!files) return error_response(files.error());
    if (auto set = agents_.set_config(uid, std::move(*files), now); !set) return error_response(set.error());
    return json_response(200, config_set_json(*agents_.find(uid)));
}

}  // namespace server
