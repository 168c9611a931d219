// Which trace something belongs to, as it travels between programs. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "telemetry/ids.hpp"

namespace telemetry {

/// Spec: W3C Trace Context; OpenTelemetry, "SpanContext".
struct SpanContext {
    TraceId trace_id;
    SpanId span_id;
    bool is_sampled = false;
    bool is_remote = false;   ///< It came from another program.
    std::string trace_state;  ///< Of others, handed on as it came.

    bool is_valid() const { return trace_id.is_valid() && span_id.is_valid(); }
    friend bool operator==(const SpanContext&, const SpanContext&) = default;
};

/// The three headers of a message, or variables of a program: TRACEPARENT, TRACESTATE, BAGGAGE.
struct Carrier {
    std::string traceparent;
    std::string tracestate;
    std::string baggage;  ///< Of others, handed on as it came. Spec: W3C Baggage.
    friend bool operator==(const Carrier&, const Carrier&) = default;
};

/// Nothing if traceparent is not valid: then a new trace begins. A later version may have more fields behind a dash.
/// A tracestate that is not valid is left out, and the trace continued; a key that is there twice stays so.
std::optional<SpanContext> extract(const Carrier& carrier);
/// The baggage if it is valid, and not over the limits of its specification (8192 bytes, 180 members); else empty.
std::string extract_baggage(const Carrier& carrier);

std::string format_traceparent(const SpanContext& context);
Carrier inject(const SpanContext& context, std::string_view baggage = {});

}  // namespace telemetry
