#include "telemetry/records.hpp"

namespace telemetry {
namespace {

/// Short texts are within the object.
std::size_t beside(const std::string& text) {
    constexpr std::size_t kWithin = 15;
    return text.capacity() > kWithin ? text.capacity() : 0;
}

std::size_t beside(const Attributes& attributes) {
    std::size_t bytes = attributes.capacity() * sizeof(Attribute);
    for (const auto& [name, value] : attributes) {
        bytes += beside(name);
        if (const auto* text = std::get_if<std::string>(&value)) bytes += beside(*text);
    }
    return bytes;
}

}  // namespace

std::size_t footprint(const SpanRecord& record) {
    std::size_t bytes = sizeof record + beside(record.name) + beside(record.attributes) +
                        beside(record.status_message) + beside(record.context.trace_state) +
                        record.events.capacity() * sizeof(SpanEvent) + record.links.capacity() * sizeof(SpanContext);
    for (const SpanEvent& event : record.events) bytes += beside(event.name) + beside(event.attributes);
    for (const SpanContext& link : record.links) bytes += beside(link.trace_state);
    return bytes;
}

std::size_t footprint(const LogRecord& record) {
    return sizeof record + beside(record.event_name) + beside(record.body) + beside(record.attributes);
}

}  // namespace telemetry
