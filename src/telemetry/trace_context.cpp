#include "telemetry/trace_context.hpp"

#include <algorithm>
#include <vector>

#include "base/bytes.hpp"

namespace telemetry {
namespace {

constexpr std::size_t kTraceIdEnd = 2 + 1 + 32;
constexpr std::size_t kSpanIdEnd = kTraceIdEnd + 1 + 16;
constexpr std::size_t kEnd = kSpanIdEnd + 1 + 2;
constexpr std::size_t kMostStateMembers = 32;
constexpr std::size_t kMostStateBytes = 4096;
constexpr std::size_t kLongestStatePart = 256;
constexpr std::size_t kMostBaggageMembers = 180;
constexpr std::size_t kMostBaggageBytes = 8192;

bool is_lower_hex(std::string_view text) {
    return text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool has_valid_shape(std::string_view header) {
    if (header.size() < kEnd || header[2] != '-' || header[kTraceIdEnd] != '-' || header[kSpanIdEnd] != '-')
        return false;
    const std::string_view version = header.substr(0, 2);
    if (!is_lower_hex(version) || version == "ff") return false;
    return header.size() == kEnd || (version != "00" && header[kEnd] == '-');
}

std::vector<std::string_view> members(std::string_view list) {
    std::vector<std::string_view> found;
    for (std::size_t begin = 0; begin <= list.size();) {
        const std::size_t end = std::min(list.find(',', begin), list.size());
        if (const auto member = base::trimmed(list.substr(begin, end - begin)); !member.empty())
            found.push_back(member);
        begin = end + 1;
    }
    return found;
}

bool is_printable(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c >= ' ' && c <= '~'; });
}

bool is_alphanumeric(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

/// Spec: W3C Trace Context, 3.3.1.3. A key of the second level begins with a letter or a digit.
bool is_state_member(std::string_view member) {
    const std::size_t equals = member.find('=');
    if (equals == std::string_view::npos) return false;
    const std::string_view key = member.substr(0, equals), value = member.substr(equals + 1);
    const auto is_allowed = [](char c) {
        return is_alphanumeric(c) || std::string_view("_-*/@").find(c) != std::string_view::npos;
    };
    return !key.empty() && key.size() <= kLongestStatePart && is_alphanumeric(key[0]) &&
           std::ranges::all_of(key, is_allowed) && !value.empty() && value.size() <= kLongestStatePart &&
           is_printable(value) && value.find('=') == std::string_view::npos;
}

bool is_valid_state(std::string_view state) {
    if (state.size() > kMostStateBytes) return false;
    const auto all = members(state);
    return all.size() <= kMostStateMembers && std::ranges::all_of(all, is_state_member);
}

/// Spec: W3C Baggage, 3.2: a token, "=", and what may stand in a header; properties behind ";" are not looked at.
bool is_baggage_member(std::string_view member) {
    const std::string_view key = base::trimmed(member.substr(0, member.find('=')));
    const auto is_token = [](char c) {
        return c > ' ' && c <= '~' && std::string_view("\"(),/:;<=>?@[\\]{}").find(c) == std::string_view::npos;
    };
    const auto is_visible = [](char c) { return c == '\t' || (c >= ' ' && c <= '~'); };
    return member.find('=') != std::string_view::npos && !key.empty() && std::ranges::all_of(key, is_token) &&
           std::ranges::all_of(member, is_visible);
}

}  // namespace

std::optional<SpanContext> extract(const Carrier& carrier) {
    const std::string_view header = carrier.traceparent;
    if (!has_valid_shape(header)) return std::nullopt;
    const auto trace_id = TraceId::from_hex(header.substr(3, 32));
    const auto span_id = SpanId::from_hex(header.substr(kTraceIdEnd + 1, 16));
    const auto flags = header.substr(kSpanIdEnd + 1, 2);
    if (!trace_id || !span_id || !is_lower_hex(flags)) return std::nullopt;
    SpanContext context{*trace_id, *span_id, false, true, {}};
    context.is_sampled = std::string_view("13579bdf").find(flags[1]) != std::string_view::npos;
    if (is_valid_state(carrier.tracestate)) context.trace_state = carrier.tracestate;
    return context;
}

std::string extract_baggage(const Carrier& carrier) {
    if (carrier.baggage.size() > kMostBaggageBytes) return {};
    const auto all = members(carrier.baggage);
    const bool is_valid = all.size() <= kMostBaggageMembers && std::ranges::all_of(all, is_baggage_member);
    return is_valid ? carrier.baggage : std::string();
}

std::string format_traceparent(const SpanContext& context) {
    return "00-" + context.trace_id.hex() + "-" + context.span_id.hex() + (context.is_sampled ? "-01" : "-00");
}

Carrier inject(const SpanContext& context, std::string_view baggage) {
    return {format_traceparent(context), context.trace_state, std::string(baggage)};
}

}  // namespace telemetry
