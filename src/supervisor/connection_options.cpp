#include "supervisor/connection_options.hpp"

#include <cstdlib>

#include "supervisor/offered_parts.hpp"

namespace supervisor {
namespace {

using base::Result;

net::TlsOptions tls_of(const settings::Tls& tls) {
    net::TlsOptions options;
    options.ca_file = tls.ca_file;
    options.ca_pem = tls.ca_pem;
    options.include_system_ca_certs_pool = tls.include_system_ca_certs_pool;
    options.cert_file = tls.cert_file;
    options.key_file = tls.key_file;
    options.min_version = tls.min_version;
    options.max_version = tls.max_version;
    options.cipher_suites = tls.cipher_suites;
    options.insecure_skip_verify = tls.insecure_skip_verify;
    options.server_name_override = tls.server_name_override;
    return options;
}

/// The file's, else the environment's.
Result<std::optional<net::Proxy>> local_proxy(const settings::Proxy& proxy, const net::Url& target,
                                              const net::Variable& variable) {
    if (!proxy.url.empty()) return make_proxy(proxy.url, proxy.connect_headers);
    const auto found = proxy.from_environment ? net::proxy_from_environment(target, variable) : std::nullopt;
    if (!found) return std::optional<net::Proxy>();
    return make_proxy(*found, {});
}

void take_certificate(net::TlsOptions& tls, const opamp::OpampConnectionSettings& accepted) {
    tls.cert_file.clear();
    tls.key_file.clear();
    if (!accepted.certificate) return;
    tls.cert_pem = accepted.certificate->cert;
    tls.key_pem = accepted.certificate->private_key;
}

}  // namespace

opamp::OpampConnectionSettings laid_over(const std::optional<opamp::OpampConnectionSettings>& before,
                                         opamp::OpampConnectionSettings offer) {
    if (!before) return offer;
    if (offer.destination_endpoint.empty()) offer.destination_endpoint = before->destination_endpoint;
    if (!offer.headers) offer.headers = before->headers;
    if (!offer.tls) offer.tls = before->tls;
    if (!offer.proxy) offer.proxy = before->proxy;
    return offer;
}

Result<net::ClientOptions> client_options(const settings::Server& server,
                                          const std::optional<opamp::OpampConnectionSettings>& accepted,
                                          const net::Variable& variable) {
    const bool has_endpoint = accepted && !accepted->destination_endpoint.empty();
    auto url = net::parse_url(has_endpoint ? accepted->destination_endpoint : server.endpoint);
    if (!url) return std::move(url).error().within(has_endpoint ? "destination_endpoint" : "server.endpoint");
    net::ClientOptions options;
    options.url = std::move(*url);
    options.limits.receive_bytes = server.limits.receive;
    options.limits.send_bytes = server.limits.send;
    for (const auto& [name, value] : server.headers) options.headers.push_back({name, value});
    if (accepted && accepted->headers) lay_over(options.headers, *accepted->headers);
    if (auto checked = net::check_headers(options.headers); !checked) return std::move(checked).error();
    options.tls = accepted && accepted->tls ? tls_of(*accepted->tls) : tls_of(server.tls);
    if (accepted) {
        if (accepted->certificate)
            if (auto checked = check_certificate(*accepted->certificate); !checked) return std::move(checked).error();
        take_certificate(options.tls, *accepted);
    }
    auto proxy = accepted && accepted->proxy ? make_proxy(accepted->proxy->url, accepted->proxy->connect_headers)
                                             : local_proxy(server.proxy, options.url, variable);
    if (!proxy) return std::move(proxy).error();
    options.proxy = std::move(*proxy);
    return options;
}

Result<std::optional<net::Proxy>> proxy_beside(const settings::Proxy& proxy, const net::Url& target,
                                               const net::Variable& variable) {
    const net::Variable none = [](const char*) { return std::string(); };
    if (net::is_reached_directly(target, proxy.from_environment ? variable : none)) return std::optional<net::Proxy>();
    return local_proxy(proxy, target, variable);
}

std::string environment_variable(const char* name) {
    const char* value = std::getenv(name);
    return value ? value : "";
}

}  // namespace supervisor
