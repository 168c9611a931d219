#include "supervisor/offered_parts.hpp"

#include <algorithm>

namespace supervisor {

using base::Result;

net::TlsOptions tls_of(const opamp::TlsSettings& tls) {
    net::TlsOptions options;
    options.ca_pem = tls.ca_pem_contents;
    options.include_system_ca_certs_pool = tls.include_system_ca_certs_pool;
    options.min_version = tls.min_version.empty() ? "1.2" : tls.min_version;
    options.max_version = tls.max_version;
    options.cipher_suites = tls.cipher_suites;
    options.insecure_skip_verify = tls.insecure_skip_verify;
    return options;
}

void lay_over(std::vector<net::Header>& headers, const opamp::Headers& over) {
    std::erase_if(headers, [&](const net::Header& header) {
        return std::any_of(over.begin(), over.end(),
                           [&](const auto& named) { return net::is_same_token(named.first, header.name); });
    });
    for (const auto& [name, value] : over) headers.push_back({name, value});
}

std::vector<net::Header> as_net(const opamp::Headers& headers) {
    std::vector<net::Header> result;
    lay_over(result, headers);
    return result;
}

Result<std::optional<net::Proxy>> make_proxy(const std::string& url, const opamp::Headers& connect_headers) {
    auto proxy = net::parse_proxy(url);
    if (!proxy) return std::move(proxy).error().within("the proxy");
    auto headers = as_net(connect_headers);
    if (auto checked = net::check_headers(headers); !checked) return std::move(checked).error().within("the proxy");
    proxy->connect_headers.insert(proxy->connect_headers.end(), headers.begin(), headers.end());
    return std::optional(std::move(*proxy));
}

Result<void> check_certificate(const opamp::TlsCertificate& certificate) {
    if (certificate.cert.empty()) return base::Error(base::Kind::invalid, "the certificate of the offer has no `cert`");
    if (certificate.private_key.empty())
        return base::Error(base::Kind::invalid,
                           "the certificate of the offer has no `private_key`, and does not answer a request of ours");
    return {};
}

}  // namespace supervisor
