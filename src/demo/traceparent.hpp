// The W3C header "traceparent": which trace a request belongs to, and the span that sent it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace demo {

struct TraceParent {
    std::string trace_id;  ///< 32 hexadecimal digits in lower case, not all zero.
    std::string span_id;   ///< 16 of them.
    bool sampled = false;
    friend bool operator==(const TraceParent&, const TraceParent&) = default;
};

/// Nothing if `header` is not valid: then a new trace begins.
/// Spec  W3C Trace Context, "traceparent Header": a later version may have more fields behind a dash.
std::optional<TraceParent> parse_traceparent(std::string_view header);

std::string format_traceparent(const TraceParent& parent);

/// The span for a request that came with `incoming`: in its trace, else in a new one. Sampled always.
TraceParent new_span(const std::optional<TraceParent>& incoming);

}  // namespace demo
