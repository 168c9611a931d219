#include "server/check_settings.hpp"

#include "net/certificate_authority.hpp"
#include "net/http.hpp"
#include "net/url.hpp"

namespace server {
namespace {

using base::Error;
using base::Kind;
using base::Result;

Result<void> check_headers(const opamp::Headers& headers) {
    std::vector<net::Header> list;
    for (const auto& [name, value] : headers) list.push_back({name, value});
    return net::check_headers(list);
}

/// A bare host:port occurs too.
Result<void> check_proxy(const opamp::ProxySettings& proxy) {
    if (proxy.url.empty()) return Error(Kind::invalid, "the url is empty").hint("write http://HOST:PORT");
    return check_headers(proxy.connect_headers);
}

Result<void> check_common(const opamp::ConnectionSettings& settings) {
    if (settings.headers)
        if (auto checked = check_headers(*settings.headers); !checked)
            return std::move(checked).error().within("headers");
    if (settings.proxy)
        if (auto checked = check_proxy(*settings.proxy); !checked) return std::move(checked).error().within("proxy");
    const auto& certificate = settings.certificate;
    const bool is_issued = certificate && certificate->private_key.empty() && !certificate->ca_cert.empty();
    if (!certificate || is_issued) return {};
    auto checked = net::check_certificate(certificate->cert, certificate->private_key, certificate->ca_cert);
    return checked ? std::move(checked) : std::move(checked).error().within("certificate");
}

Result<void> check_opamp_endpoint(const std::string& url) {
    if (url.empty())
        return Error(Kind::invalid, "destination_endpoint is empty")
            .hint("name the server, such as wss://HOST/v1/opamp");
    auto parsed = net::parse_url(url);
    return parsed ? Result<void>() : std::move(parsed).error().within("destination_endpoint");
}

Result<void> check_telemetry(const std::optional<opamp::TelemetryConnectionSettings>& settings, const char* name) {
    if (!settings) return {};
    // Without an endpoint it takes back what was offered.
    const std::string& endpoint = settings->destination_endpoint;
    auto checked = endpoint.empty() ? Result<void>() : check_telemetry_endpoint(endpoint);
    if (!checked) return std::move(checked).error().within("destination_endpoint").within(name);
    checked = check_common(*settings);
    return checked ? std::move(checked) : std::move(checked).error().within(name);
}

}  // namespace

Result<void> check_telemetry_endpoint(const std::string& url) {
    if (url.empty()) return Error(Kind::invalid, "it is empty").hint("write https://HOST:4318/v1/metrics or the like");
    const auto parsed = net::parse_url(url);
    if (!parsed) return parsed.error();
    if (parsed->is_websocket()) return Error(Kind::invalid, "telemetry goes over https or http, not " + parsed->scheme);
    if (url.find('/', url.find("://") + 3) == std::string::npos)
        return Error(Kind::invalid, "the URL has no path").hint("write it whole, such as https://HOST:4318/v1/metrics");
    return {};
}

Result<void> check_settings(const opamp::ConnectionSettingsOffers& offers) {
    if (offers.opamp) {
        auto checked = check_opamp_endpoint(offers.opamp->destination_endpoint);
        if (checked) checked = check_common(*offers.opamp);
        if (!checked) return std::move(checked).error().within("opamp");
    }
    if (auto checked = check_telemetry(offers.own_metrics, "own_metrics"); !checked) return checked;
    if (auto checked = check_telemetry(offers.own_traces, "own_traces"); !checked) return checked;
    if (auto checked = check_telemetry(offers.own_logs, "own_logs"); !checked) return checked;
    for (const auto& [name, settings] : offers.other_connections) {
        if (name.empty()) return Error(Kind::invalid, "other_connections: a connection has no name");
        if (auto checked = check_common(settings); !checked)
            return std::move(checked).error().within("other_connections." + name);
    }
    return {};
}

}  // namespace server
