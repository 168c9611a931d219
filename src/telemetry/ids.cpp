#include "telemetry/ids.hpp"

#include <cstring>
#include <random>

#include "base/bytes.hpp"
#include "base/uuid.hpp"

namespace telemetry {
namespace {

std::uint64_t random_number() {
    thread_local std::mt19937_64 generator = [] {
        const std::uint64_t seeds[] = {base::random_u64(), base::random_u64(), base::random_u64(), base::random_u64()};
        std::uint32_t words[std::size(seeds) * 2];
        std::memcpy(words, seeds, sizeof words);
        std::seed_seq sequence(std::begin(words), std::end(words));
        return std::mt19937_64(sequence);
    }();
    return generator();
}

template <std::size_t N>
Id<N> new_id() {
    Id<N> id;
    for (std::size_t at = 0; at < N; at += sizeof(std::uint64_t)) {
        const std::uint64_t number = random_number();
        std::memcpy(id.bytes.data() + at, &number, sizeof number);
    }
    if (!id.is_valid()) id.bytes[N - 1] = 1;
    return id;
}

}  // namespace

template <std::size_t N>
std::string Id<N>::hex() const {
    return base::to_hex(view());
}

template <std::size_t N>
std::optional<Id<N>> Id<N>::from_hex(std::string_view text) {
    if (text.size() != 2 * N || text.find_first_not_of("0123456789abcdef") != std::string_view::npos)
        return std::nullopt;
    const auto raw = base::from_hex(text);
    if (!raw) return std::nullopt;
    Id id;
    std::memcpy(id.bytes.data(), raw->data(), N);
    return id.is_valid() ? std::optional(id) : std::nullopt;
}

template struct Id<16>;
template struct Id<8>;

TraceId new_trace_id() {
    return new_id<16>();
}

SpanId new_span_id() {
    return new_id<8>();
}

}  // namespace telemetry
