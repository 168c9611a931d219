// Signatures of configs: an offer that carries one can be trusted whatever server it came through. Pure.
// docs/signatures.md has the format, and what it protects against.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "config/signature_keys.hpp"
#include "opamp/messages.hpp"

namespace config {

inline constexpr std::string_view kSignatureEntry = "opampd.signature";
inline constexpr std::string_view kSignatureContentType = "application/vnd.opampd.signature";
inline constexpr std::size_t kMostSignatureBytes = 16 * 1024;
inline constexpr std::size_t kMostSignatureLines = 64;

/// What is signed beside the entries. Times are seconds since 1970, UTC; the first and the last that are good.
struct SignedHeader {
    std::optional<std::uint64_t> serial;
    std::optional<std::uint64_t> not_before, not_after;
    friend bool operator==(const SignedHeader&, const SignedHeader&) = default;
};

/// What a signature is over: no two pairs of entries and header have the same. The signature's own entry is left out.
std::string canonical_form(const opamp::ConfigMap& files, const SignedHeader& header);

/// The body of the signature's entry: the header, and a line for each of `keys`.
std::string sign(const opamp::ConfigMap& files, const std::vector<const SecretKey*>& keys, const SignedHeader& header);

/// What `verify` holds an offer against.
struct Trust {
    std::vector<PublicKey> keys;
    std::optional<std::uint64_t> now;          ///< Seconds since 1970, UTC; nothing: at any time.
    std::optional<std::uint64_t> last_serial;  ///< Of the config accepted last: then a serial is needed, not below it.
};

struct Verified {
    opamp::ConfigMap files;  ///< Without the signature's entry.
    SignedHeader header;
    std::string key_id;  ///< Whose signature it was.
};

/// The offer without its signature, if a key of `trust` made one over exactly this. One good signature is enough.
/// Errors  invalid, in one sentence: no signature, malformed line N, unknown key, wrong signature, not valid yet,
///         expired, older serial; too_large (bytes or lines of the entry).
base::Result<Verified> verify(opamp::ConfigMap files, const Trust& trust);

/// The offer without its signature, which nobody looked at: where none is required.
opamp::ConfigMap without_signature(opamp::ConfigMap files);

}  // namespace config
