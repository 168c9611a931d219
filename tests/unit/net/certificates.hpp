// Certificates made for a test: an authority, and what it signs.
#pragma once

#include <string>

namespace net_test {

/// A certificate and its key, both as PEM.
struct Identity {
    std::string certificate;
    std::string key;
};

/// From when to when, in seconds from now.
struct Validity {
    long from = -3600;
    long to = 3600;
};

Identity make_authority(const std::string& name);

/// Signed by `authority`. `subject_alt_name` is as in openssl.cnf: "DNS:localhost,IP:127.0.0.1".
Identity make_identity(const Identity& authority, const std::string& subject_alt_name, Validity validity = {});

/// A signing request with a key of its own, as PEM.
std::string make_request(const std::string& common_name);

}  // namespace net_test
