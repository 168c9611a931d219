// Issues client certificates to agents that ask for one with a signing request.
#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "base/uuid.hpp"

namespace net {

/// A CA's certificate and key, held for as long as this lives.
class CertificateAuthority {
public:
    /// PEM texts. Errors: invalid (unreadable, no CA, a key of another certificate).
    static base::Result<std::unique_ptr<CertificateAuthority>> load(const std::string& certificate_pem,
                                                                    const std::string& key_pem,
                                                                    std::chrono::seconds lifetime);
    ~CertificateAuthority();

    /// A certificate for the key of the request, as PEM. Its subject is `subject`, whatever the request asks for; a
    /// UUID that the request names has to be one of `allowed`.
    /// Errors  invalid (not a request, a broken signature, a weak key), refused (it names another agent).
    base::Result<std::string> issue(const std::string& csr_pem, const std::vector<base::Uuid>& allowed,
                                    const base::Uuid& subject, std::chrono::system_clock::time_point now) const;
    /// The CA's own certificate as PEM.
    const std::string& certificate() const;

private:
    struct State;
    explicit CertificateAuthority(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

/// Whether a certificate, its key and the CA given with it belong together: the key is the certificate's, and a
/// certificate that did not sign itself verifies against `ca_pem`. Errors: invalid.
base::Result<void> check_certificate(const std::string& certificate_pem, const std::string& key_pem,
                                     const std::string& ca_pem);

}  // namespace net
