// What all kinds of connection settings that a server offers have in common, as net wants it. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "net/client.hpp"
#include "opamp/messages.hpp"

namespace supervisor {

/// As a whole: the file's CA is not trusted any more once the server has named its own.
net::TlsOptions tls_of(const opamp::TlsSettings& tls);

/// Headers of the same name are replaced, whatever their case.
void lay_over(std::vector<net::Header>& headers, const opamp::Headers& over);
std::vector<net::Header> as_net(const opamp::Headers& headers);

/// Errors: invalid, without the URL's password.
base::Result<std::optional<net::Proxy>> make_proxy(const std::string& url, const opamp::Headers& connect_headers);

/// Whether a certificate has all that it takes. Errors: invalid.
base::Result<void> check_certificate(const opamp::TlsCertificate& certificate);

}  // namespace supervisor
