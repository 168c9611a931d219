// Ed25519 keys and their texts.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"

namespace config {

struct PublicKey {
    std::string bytes;    ///< 32.
    std::string comment;  ///< For people.
    /// The first 8 bytes of the key's SHA-256 as hexadecimal digits. A hint: two keys may share it.
    std::string id() const;
    friend bool operator==(const PublicKey&, const PublicKey&) = default;
};

/// A secret key. Its bytes are wiped when it goes, or has been moved from.
class SecretKey {
public:
    /// A new one, of the system's randomness.
    static SecretKey generate();
    /// From its 32 bytes, which the caller wipes. Errors: invalid (another size).
    static base::Result<SecretKey> from_seed(std::string_view seed);
    /// From `format`'s text, which the caller wipes. Errors: invalid, without a part of the text.
    static base::Result<SecretKey> parse(std::string_view text);

    SecretKey(SecretKey&& other) noexcept;
    SecretKey& operator=(SecretKey&& other) noexcept;
    ~SecretKey();

    PublicKey public_key(std::string comment) const;
    /// 64 bytes over `message`.
    std::string sign(std::string_view message) const;
    /// `ed25519-secret BASE64` and a newline: as secret as the key.
    std::string format() const;

private:
    SecretKey() = default;
    std::array<unsigned char, 64> bytes_{};  ///< libsodium's form: seed and public key.
};

/// One key a line, `ed25519 BASE64 comment`; empty lines and those that begin with # are passed over.
/// Errors: invalid (malformed line N, no key at all).
base::Result<std::vector<PublicKey>> parse_public_keys(std::string_view text);
/// As one such line, with its newline.
std::string format(const PublicKey& key);

/// Whether `signature` is the key's over `message`.
bool is_signature(std::string_view signature, std::string_view message, const PublicKey& key);

/// Zeroes, in a way that the compiler keeps.
void wipe(std::string& secret);

}  // namespace config
