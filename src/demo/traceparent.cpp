#include "demo/traceparent.hpp"

#include <cstdint>

#include "base/bytes.hpp"
#include "base/uuid.hpp"

namespace demo {
namespace {

constexpr std::size_t kTraceIdEnd = 2 + 1 + 32;
constexpr std::size_t kSpanIdEnd = kTraceIdEnd + 1 + 16;
constexpr std::size_t kEnd = kSpanIdEnd + 1 + 2;

bool is_lower_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool is_id(std::string_view text) {
    return is_lower_hex(text) && text.find_first_not_of('0') != std::string_view::npos;
}

bool has_valid_shape(std::string_view header) {
    if (header.size() < kEnd || header[2] != '-' || header[kTraceIdEnd] != '-' || header[kSpanIdEnd] != '-')
        return false;
    const std::string_view version = header.substr(0, 2);
    if (!is_lower_hex(version) || version == "ff") return false;
    return header.size() == kEnd || (version != "00" && header[kEnd] == '-');
}

std::string random_hex(std::size_t digits) {
    std::string hex;
    while (hex.size() < digits) {
        const std::uint64_t number = base::random_u64();
        hex += base::to_hex({reinterpret_cast<const char*>(&number), sizeof number});
    }
    hex.resize(digits);
    if (!is_id(hex)) hex.back() = '1';
    return hex;
}

}  // namespace

std::optional<TraceParent> parse_traceparent(std::string_view header) {
    if (!has_valid_shape(header)) return std::nullopt;
    const auto trace_id = header.substr(3, 32);
    const auto span_id = header.substr(kTraceIdEnd + 1, 16);
    const auto flags = header.substr(kSpanIdEnd + 1, 2);
    if (!is_id(trace_id) || !is_id(span_id) || !is_lower_hex(flags)) return std::nullopt;
    const bool sampled = std::string_view("13579bdf").find(flags[1]) != std::string_view::npos;
    return TraceParent{std::string(trace_id), std::string(span_id), sampled};
}

std::string format_traceparent(const TraceParent& parent) {
    return "00-" + parent.trace_id + "-" + parent.span_id + (parent.sampled ? "-01" : "-00");
}

TraceParent new_span(const std::optional<TraceParent>& incoming) {
    return {incoming ? incoming->trace_id : random_hex(32), random_hex(16), true};
}

}  // namespace demo
