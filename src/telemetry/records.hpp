// What is exported of spans and logs: plain data. Spec: OpenTelemetry's data model, and OTLP, which has the same names.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "telemetry/attributes.hpp"
#include "telemetry/trace_context.hpp"

namespace telemetry {

/// Numbers of the wire.
enum class SpanKind { internal = 1, server = 2, client = 3, producer = 4, consumer = 5 };
enum class SpanStatus { unset = 0, ok = 1, error = 2 };
enum class Severity { debug = 5, info = 9, warn = 13, error = 17 };

struct SpanEvent {
    std::uint64_t time_unix_nano = 0;
    std::string name;
    Attributes attributes;
};

struct SpanRecord {
    SpanContext context;
    SpanId parent_span_id;  ///< None: the first of its trace.
    bool has_remote_parent = false;
    std::string name;
    SpanKind kind = SpanKind::internal;
    std::uint64_t start_time_unix_nano = 0;
    std::uint64_t end_time_unix_nano = 0;
    Attributes attributes;
    std::vector<SpanEvent> events;
    std::vector<SpanContext> links;
    SpanStatus status = SpanStatus::unset;
    std::string status_message;  ///< Only with `error`.
    std::uint32_t dropped_attributes = 0;
    std::uint32_t dropped_events = 0;
    std::uint32_t dropped_links = 0;
};

struct LogRecord {
    std::uint64_t time_unix_nano = 0;
    Severity severity = Severity::info;
    std::string event_name;
    std::string body;
    Attributes attributes;
    TraceId trace_id;  ///< None: it belongs to no span.
    SpanId span_id;
    bool is_sampled = false;
};

/// About what it occupies, in bytes.
std::size_t footprint(const SpanRecord& record);
std::size_t footprint(const LogRecord& record);

/// More than any of ours needs: what a peer's text can make of a record is bounded.
inline constexpr std::size_t kMostAttributes = 128;
inline constexpr std::size_t kMostEvents = 128;
inline constexpr std::size_t kMostLinks = 128;
inline constexpr std::size_t kLongestText = 8192;

}  // namespace telemetry
