// A UUID as the protocol carries it: 16 bytes in network order. New ones are version 7.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace base {

class Uuid {
public:
    Uuid() = default;  ///< All zero: no UUID.

    /// Version 7: 48 bits of `now` in milliseconds since the epoch, the rest from the kernel's random numbers.
    static Uuid v7(std::chrono::system_clock::time_point now);
    /// From 16 raw bytes; nothing for another length or all zero.
    static std::optional<Uuid> from_bytes(std::string_view bytes);
    /// From text with or without dashes, braces or "urn:uuid:", in either case; any version.
    static std::optional<Uuid> parse(std::string_view text);

    std::string bytes() const { return {reinterpret_cast<const char*>(bytes_.data()), bytes_.size()}; }
    /// 8-4-4-4-12 hexadecimal digits in lower case.
    std::string text() const;

    friend bool operator==(const Uuid&, const Uuid&) = default;
    friend auto operator<=>(const Uuid&, const Uuid&) = default;

private:
    std::array<std::uint8_t, 16> bytes_{};
};

/// A number from the kernel's random source, for jitter and identities.
std::uint64_t random_u64();

}  // namespace base
