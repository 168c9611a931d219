#include "supervisor/telemetry_options.hpp"

#include "supervisor/connection_options.hpp"
#include "supervisor/offered_parts.hpp"
#include "telemetry/environment.hpp"

namespace supervisor {

using base::Error;
using base::Kind;
using base::Result;
using telemetry::Destination;
using telemetry::Signal;

namespace {

/// Without a client's certificate.
net::TlsOptions local_tls(const settings::Telemetry& telemetry) {
    net::TlsOptions options;
    options.ca_file = telemetry.tls.ca_file;
    options.insecure_skip_verify = telemetry.tls.insecure_skip_verify;
    return options;
}

Destination base_destination(const settings::Telemetry& telemetry) {
    Destination destination;
    destination.compresses = telemetry.compression == settings::Compression::gzip;
    destination.timeout = telemetry.timeout;
    return destination;
}

Result<net::Url> http_url(std::string_view text) {
    auto url = net::parse_url(text);
    if (url && url->is_websocket())
        return Error(Kind::invalid, "'" + std::string(text) + "' is not a URL of HTTP").hint("http:// or https://");
    return url;
}

const std::string& own_endpoint(const settings::Telemetry& telemetry, Signal signal) {
    switch (signal) {
    case Signal::traces: return telemetry.traces.endpoint;
    case Signal::metrics: return telemetry.metrics.endpoint;
    case Signal::logs: return telemetry.log_records.endpoint;
    }
    return telemetry.endpoint;
}

Result<std::optional<Destination>> finished(Destination destination, const settings::Settings& settings,
                                            const net::Variable& variable) {
    auto proxy = proxy_beside(settings.server.proxy, destination.client.url, variable);
    if (!proxy) return std::move(proxy).error();
    destination.client.proxy = std::move(*proxy);
    if (auto checked = net::check_headers(destination.client.headers); !checked) return std::move(checked).error();
    // OpenSSL costs 3 MiB, which http:// does not need.
    if (destination.client.url.is_tls())
        if (auto checked = net::check_tls(destination.client.tls); !checked) return std::move(checked).error();
    return std::optional(std::move(destination));
}

Result<std::optional<Destination>> local_destination(const settings::Settings& settings, Signal signal,
                                                     const net::Variable& variable) {
    const settings::Telemetry& file = settings.telemetry;
    const std::string& own = own_endpoint(file, signal);
    const std::string& endpoint = own.empty() ? file.endpoint : own;
    if (endpoint.empty()) return std::optional<Destination>();
    Destination destination = base_destination(file);
    auto url = http_url(endpoint);
    if (!url) return std::move(url).error();
    destination.client.url = own.empty() ? telemetry::url_below(std::move(*url), signal) : std::move(*url);
    for (const auto& [name, value] : file.headers) destination.client.headers.push_back({name, value});
    destination.client.tls = local_tls(file);
    destination.client.tls.cert_file = file.tls.cert_file;
    destination.client.tls.key_file = file.tls.key_file;
    return finished(std::move(destination), settings, variable);
}

}  // namespace

Result<LocalTelemetry> local_telemetry(const settings::Settings& settings, const net::Variable& variable) {
    LocalTelemetry local;
    local.metric_interval = settings.telemetry.metrics.interval;
    local.sends_agent_output = settings.telemetry.log_records.agent_output;
    const telemetry::Environment environment = telemetry::read_environment(variable);
    local.notes = environment.notes;
    auto sampler = telemetry::parse_sampler(settings.telemetry.traces.sampler);
    if (!sampler) return std::move(sampler).error().within("telemetry.traces.sampler");
    const bool is_default = settings.telemetry.traces.sampler == settings::Telemetry{}.traces.sampler;
    local.sampler = is_default && environment.sampler ? *environment.sampler : *sampler;
    if (environment.metric_interval && local.metric_interval == settings::Telemetry{}.metrics.interval)
        local.metric_interval = *environment.metric_interval;
    local.resource = settings.telemetry.resource;
    local.environment = environment.resource;
    if (environment.is_disabled) return local;
    for (const Signal signal : telemetry::kSignals) {
        auto destination = local_destination(settings, signal, variable);
        const auto named = environment.destinations.find(signal);
        if (destination && !*destination && named != environment.destinations.end())
            destination = finished(named->second, settings, variable);
        if (!destination) return std::move(destination).error().within("telemetry." + std::string(to_string(signal)));
        if (*destination) local.destinations.emplace(signal, std::move(**destination));
    }
    return local;
}

Result<Destination> offered_destination(const opamp::TelemetryConnectionSettings& offer,
                                        const settings::Settings& settings, const net::Variable& variable) {
    Destination destination = base_destination(settings.telemetry);
    auto url = http_url(offer.destination_endpoint);
    if (!url) return std::move(url).error().within("destination_endpoint");
    destination.client.url = std::move(*url);
    if (offer.headers) destination.client.headers = as_net(*offer.headers);
    if (auto checked = net::check_headers(destination.client.headers); !checked) return std::move(checked).error();
    destination.client.tls = offer.tls ? tls_of(*offer.tls) : local_tls(settings.telemetry);
    if (offer.certificate) {
        if (auto checked = check_certificate(*offer.certificate); !checked) return std::move(checked).error();
        destination.client.tls.cert_pem = offer.certificate->cert;
        destination.client.tls.key_pem = offer.certificate->private_key;
    }
    auto proxy = offer.proxy ? make_proxy(offer.proxy->url, offer.proxy->connect_headers)
                             : proxy_beside(settings.server.proxy, destination.client.url, variable);
    if (!proxy) return std::move(proxy).error();
    destination.client.proxy = std::move(*proxy);
    if (destination.client.url.is_tls() || offer.tls || offer.certificate)
        if (auto checked = net::check_tls(destination.client.tls); !checked) return std::move(checked).error();
    return destination;
}

}  // namespace supervisor
