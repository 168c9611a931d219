// The client's side of TLS: what is verified, what is shown, and what went wrong in clear words. No OpenSSL code runs
// before the first call.
#pragma once

#include "net/client.hpp"
#include "net/stream.hpp"

namespace net {

/// TLS over `stream`, with a server that has proved to be `host`.
/// Errors: invalid (unreadable or unusable files; expired, wrong host, unknown authority), refused (an alert), io.
async::Task<base::Result<Stream>> start_tls(Stream stream, const TlsOptions& options, const std::string& host);

}  // namespace net
