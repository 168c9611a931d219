// Which cipher suites a client offers.
#pragma once

#include <openssl/types.h>

#include "base/result.hpp"
#include "net/client.hpp"

namespace net {

/// Has `context` offer the suites that `options` name, and no others. Errors: invalid, naming the suite at fault.
base::Result<void> limit_cipher_suites(SSL_CTX* context, const TlsOptions& options);

}  // namespace net
