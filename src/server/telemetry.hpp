// What others tell of themselves in OTLP, as plain values on their way from the wire to the disk.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/uuid.hpp"

namespace server {

/// The three signals of OTLP.
enum class Signal { traces, metrics, logs };

/// Nanoseconds since the epoch.
using Nanoseconds = std::int64_t;

/// Who tells. The texts are valid UTF-8 here and below; `attributes`, `events` and `links` are JSON already.
struct Resource {
    std::string service;                 ///< service.name, or empty.
    std::optional<base::Uuid> instance;  ///< service.instance.id where it is a UUID: an agent's instance_uid.
    std::string attributes = "{}";
    std::int64_t dropped = 0;  ///< Attributes that this server left out, and below those that the sender left out too.
    std::string digest;        ///< 16 bytes of what came: two whose kept attributes are the same may differ in others.
};

struct Span {
    std::string trace_id;   ///< 16 bytes.
    std::string span_id;    ///< 8 bytes.
    std::string parent_id;  ///< 8 bytes, or none.
    std::string name;
    std::string scope;  ///< The name of what instruments.
    int kind = 0;       ///< As on the wire, and `status` too: 2 is an error.
    int status = 0;
    std::string status_message;
    Nanoseconds start = 0;
    Nanoseconds end = 0;
    std::string attributes = "{}";
    std::string events = "[]";
    std::string links = "[]";
    std::int64_t dropped = 0;  ///< Of its attributes, events and links.
};

struct LogRecord {
    Nanoseconds time = 0;  ///< 0: not told.
    int severity = 0;      ///< 1 to 24, 0: not told.
    std::string severity_text;
    std::string event_name;
    std::string scope;
    std::string body = "null";  ///< JSON.
    std::string attributes = "{}";
    std::int64_t dropped = 0;  ///< Of its attributes.
    std::string trace_id;      ///< 16 bytes, or none.
    std::string span_id;       ///< 8 bytes, or none.
};

/// The value of one series at one time.
struct MetricPoint {
    std::string name;
    std::string unit;
    std::string description;
    std::string scope;
    std::string kind;  ///< "gauge", "sum", "delta sum", "histogram", "delta histogram".
    std::string attributes = "{}";
    Nanoseconds time = 0;
    double value = 0;     ///< Of a histogram: its sum, which is NaN where none is told.
    std::string details;  ///< JSON of what a histogram has beside it; empty for a number.
};

/// Takes what was read, one by one. What follows `begin` is of that resource.
class TelemetrySink {
public:
    virtual ~TelemetrySink() = default;
    virtual void begin(const Resource& resource) = 0;
    virtual base::Result<void> add(const Span& span) = 0;
    virtual base::Result<void> add(const LogRecord& record) = 0;
    virtual base::Result<void> add(const MetricPoint& point) = 0;
};

}  // namespace server
