// The client's side of TLS: what is verified, what is shown, and what went wrong in clear words. No OpenSSL code runs
// before the first call.
#pragma once

#include <boost/asio/ssl.hpp>

#include "net/client.hpp"
#include "net/dial.hpp"

namespace net {

using TlsStream = async::asio::ssl::stream<Tcp::socket>;

/// TLS over `socket`, with a server that has proved to be `host`.
/// Errors: invalid (unreadable or unusable files; expired, wrong host, unknown authority), refused (an alert), io.
async::Task<base::Result<TlsStream>> start_tls(Tcp::socket socket, const TlsOptions& options, const std::string& host);

}  // namespace net
