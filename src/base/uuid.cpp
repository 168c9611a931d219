#include "base/uuid.hpp"

#include <sys/random.h>

#include <cstdlib>
#include <cstring>

#include "base/bytes.hpp"

namespace base {

std::uint64_t random_u64() {
    std::uint64_t number = 0;
    // Up to 256 bytes are never short and never interrupted once the pool is seeded.
    if (getrandom(&number, sizeof number, 0) != sizeof number) std::abort();
    return number;
}

Uuid Uuid::v7(std::chrono::system_clock::time_point now) {
    Uuid uuid;
    const std::uint64_t random[2] = {random_u64(), random_u64()};
    std::memcpy(uuid.bytes_.data(), random, sizeof random);
    const auto ms = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::milliseconds>(now.time_since_epoch()).count());
    for (std::size_t i = 0; i < 6; ++i) uuid.bytes_[i] = static_cast<std::uint8_t>(ms >> (40 - 8 * i));
    uuid.bytes_[6] = static_cast<std::uint8_t>((uuid.bytes_[6] & 0x0F) | 0x70);
    uuid.bytes_[8] = static_cast<std::uint8_t>((uuid.bytes_[8] & 0x3F) | 0x80);
    return uuid;
}

std::optional<Uuid> Uuid::from_bytes(std::string_view bytes) {
    Uuid uuid;
    if (bytes.size() != uuid.bytes_.size()) return std::nullopt;
    std::memcpy(uuid.bytes_.data(), bytes.data(), bytes.size());
    if (uuid == Uuid{}) return std::nullopt;
    return uuid;
}

std::optional<Uuid> Uuid::parse(std::string_view text) {
    constexpr std::string_view kUrn = "urn:uuid:";
    if (text.substr(0, kUrn.size()) == kUrn) text.remove_prefix(kUrn.size());
    if (text.size() > 2 && text.front() == '{' && text.back() == '}') text = text.substr(1, text.size() - 2);
    std::string digits;
    if (text.size() == 36) {
        for (std::size_t i = 0; i < text.size(); ++i) {
            const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
            if (dash != (text[i] == '-')) return std::nullopt;
            if (!dash) digits += text[i];
        }
    } else {
        digits = text;
    }
    const auto bytes = from_hex(digits);
    return bytes ? from_bytes(*bytes) : std::nullopt;
}

std::string Uuid::text() const {
    std::string text = to_hex(bytes());
    for (const std::size_t at : {8, 13, 18, 23}) text.insert(at, 1, '-');
    return text;
}

}  // namespace base
