// The identities of traces and spans.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace telemetry {

/// N bytes; all zero is none.
template <std::size_t N>
struct Id {
    std::array<std::uint8_t, N> bytes{};

    bool is_valid() const { return bytes != std::array<std::uint8_t, N>{}; }
    std::string_view view() const { return {reinterpret_cast<const char*>(bytes.data()), N}; }
    /// In lower case.
    std::string hex() const;
    /// From exactly 2 * N hexadecimal digits in lower case that are not all zero. Spec: W3C Trace Context.
    static std::optional<Id> from_hex(std::string_view text);

    friend bool operator==(const Id&, const Id&) = default;
};
using TraceId = Id<16>;
using SpanId = Id<8>;

/// Random, of a generator of the thread's own that the kernel's random numbers have seeded: an identity costs no system
/// call. Not for secrets.
TraceId new_trace_id();
SpanId new_span_id();

}  // namespace telemetry
