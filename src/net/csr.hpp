// Keys, certificate signing requests and what a certificate says, all as PEM.
#pragma once

#include <chrono>
#include <string>

#include "base/result.hpp"

namespace net {

/// A new private key on the curve P-256. PKCS #8, not encrypted: whoever stores it guards it.
base::Result<std::string> make_key();

/// A request for a certificate of that key's owner, signed with the key. PKCS #10.
/// Errors: invalid (no key, or a name that is empty or longer than the 64 characters that X.520 allows).
base::Result<std::string> make_csr(const std::string& key_pem, const std::string& common_name);

/// When the first certificate of a chain begins and ends to be good. In seconds: nanoseconds end in the year 2262, and
/// certificates in 9999. Errors: invalid (no certificate).
base::Result<std::chrono::sys_seconds> not_before(const std::string& cert_pem);
base::Result<std::chrono::sys_seconds> not_after(const std::string& cert_pem);

/// Whether the key is that of the first certificate. Errors: invalid, saying which of the two is at fault.
base::Result<void> check_pair(const std::string& cert_pem, const std::string& key_pem);

}  // namespace net
