#include "config/signature_keys.hpp"

#include <sodium.h>

#include <algorithm>
#include <cstdlib>

#include "base/bytes.hpp"
#include "config/signature_lines.hpp"

namespace config {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::string_view kPublic = "ed25519";
constexpr std::string_view kSecret = "ed25519-secret ";

const unsigned char* bytes_of(std::string_view text) {
    return reinterpret_cast<const unsigned char*>(text.data());
}

/// libsodium wants to be woken once; it fails only where the system has no randomness.
void wake_sodium() {
    static const bool is_awake = ::sodium_init() >= 0;
    if (!is_awake) std::abort();
}

std::optional<PublicKey> public_key_in(std::string_view line) {
    const std::string_view kind = take_word(line);
    const auto bytes = base::from_base64(take_word(line));
    if (kind != kPublic || !bytes || bytes->size() != crypto_sign_PUBLICKEYBYTES) return std::nullopt;
    return PublicKey{*bytes, std::string(line)};
}

}  // namespace

std::string PublicKey::id() const {
    return base::to_hex(base::sha256(bytes).substr(0, 8));
}

SecretKey SecretKey::generate() {
    wake_sodium();
    SecretKey key;
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> ignored{};
    ::crypto_sign_keypair(ignored.data(), key.bytes_.data());
    return key;
}

Result<SecretKey> SecretKey::from_seed(std::string_view seed) {
    if (seed.size() != crypto_sign_SEEDBYTES) return Error(Kind::invalid, "a secret key has 32 bytes");
    wake_sodium();
    SecretKey key;
    std::array<unsigned char, crypto_sign_PUBLICKEYBYTES> ignored{};
    ::crypto_sign_seed_keypair(ignored.data(), key.bytes_.data(), bytes_of(seed));
    return key;
}

Result<SecretKey> SecretKey::parse(std::string_view text) {
    if (text.ends_with('\n')) text.remove_suffix(1);
    auto seed = text.starts_with(kSecret) ? base::from_base64(text.substr(kSecret.size())) : std::nullopt;
    if (!seed) return Error(Kind::invalid, "it is no secret key").hint("one line, 'ed25519-secret BASE64'");
    auto key = from_seed(*seed);
    wipe(*seed);
    return key;
}

SecretKey::SecretKey(SecretKey&& other) noexcept {
    *this = std::move(other);
}

SecretKey& SecretKey::operator=(SecretKey&& other) noexcept {
    if (this == &other) return *this;
    bytes_ = other.bytes_;
    ::sodium_memzero(other.bytes_.data(), other.bytes_.size());
    return *this;
}

SecretKey::~SecretKey() {
    ::sodium_memzero(bytes_.data(), bytes_.size());
}

PublicKey SecretKey::public_key(std::string comment) const {
    return {std::string(bytes_.begin() + crypto_sign_SEEDBYTES, bytes_.end()), std::move(comment)};
}

std::string SecretKey::sign(std::string_view message) const {
    std::string signature(crypto_sign_BYTES, '\0');
    ::crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr, bytes_of(message),
                           message.size(), bytes_.data());
    return signature;
}

std::string SecretKey::format() const {
    std::string seed(bytes_.begin(), bytes_.begin() + crypto_sign_SEEDBYTES);
    std::string digits = base::to_base64(seed);
    std::string text(kSecret);
    text.reserve(text.size() + digits.size() + 1);
    text.append(digits).append("\n");
    wipe(seed);
    wipe(digits);
    return text;
}

Result<std::vector<PublicKey>> parse_public_keys(std::string_view text) {
    std::vector<PublicKey> keys;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const std::string_view line = base::trimmed(take_line(text), " \t\r");
        if (line.empty() || line.starts_with('#')) continue;
        auto key = public_key_in(line);
        if (!key)
            return Error(Kind::invalid, "line " + std::to_string(number) + " is no public key")
                .hint("write 'ed25519 BASE64 comment'");
        keys.push_back(*std::move(key));
    }
    if (keys.empty()) return Error(Kind::invalid, "it has no public key").hint("write one on each line");
    return keys;
}

std::string format(const PublicKey& key) {
    std::string comment = key.comment;
    std::replace_if(
        comment.begin(), comment.end(), [](unsigned char c) { return c < 0x20 || c == 0x7F; }, ' ');
    return std::string(kPublic) + " " + base::to_base64(key.bytes) + (comment.empty() ? "" : " ") + comment + "\n";
}

bool is_signature(std::string_view signature, std::string_view message, const PublicKey& key) {
    wake_sodium();
    return signature.size() == crypto_sign_BYTES && key.bytes.size() == crypto_sign_PUBLICKEYBYTES &&
           ::crypto_sign_verify_detached(bytes_of(signature), bytes_of(message), message.size(), bytes_of(key.bytes)) ==
               0;
}

void wipe(std::string& secret) {
    ::sodium_memzero(secret.data(), secret.size());
}

}  // namespace config
