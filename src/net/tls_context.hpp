// A client's TLS settings as OpenSSL wants them.
#pragma once

#include <boost/asio/ssl/context.hpp>

#include "base/result.hpp"
#include "net/client.hpp"

namespace net {

/// Errors: invalid, naming the file or setting at fault.
base::Result<boost::asio::ssl::context> make_client_context(const TlsOptions& options);

}  // namespace net
