// Whether a server's config may be used on this host at all: its signature, and the policy. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.hpp"
#include "config/policy.hpp"
#include "config/signature_keys.hpp"
#include "opamp/messages.hpp"

namespace config {

/// The rules of one agent.
struct Admission {
    RemotePolicy policy;
    bool require_signature = false;
    std::vector<PublicKey> keys;  ///< Whose signatures count.
    friend bool operator==(const Admission&, const Admission&) = default;
};

/// What an offer is held against besides. Nothing of it for one that was admitted before and is looked at again: its
/// signature may have expired since.
struct Moment {
    std::optional<std::uint64_t> now;          ///< Seconds since 1970, UTC.
    std::optional<std::uint64_t> last_serial;  ///< Of the offer admitted last.
};

struct Admitted {
    /// Without the signature; nothing where the files have none, and are what is admitted: they may be large.
    std::optional<opamp::ConfigMap> files;
    std::optional<std::uint64_t> serial;  ///< Of the signature.
};

/// Errors: invalid, too_large: one sentence with the rule that is broken; see `verify` and `check`.
base::Result<Admitted> admit(const opamp::ConfigMap& files, const Admission& rules, Format format,
                             const Moment& moment);

}  // namespace config
