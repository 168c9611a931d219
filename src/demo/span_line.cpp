#include "demo/span_line.hpp"

#include <string_view>

#include "base/bytes.hpp"

namespace demo {
namespace {

std::string in_quotes(std::string_view text) {
    return base::json_string(text);
}

std::string json(const telemetry::Value& value) {
    if (const auto* text = std::get_if<std::string>(&value)) return in_quotes(*text);
    if (const auto* yes = std::get_if<bool>(&value)) return *yes ? "true" : "false";
    if (const auto* number = std::get_if<std::int64_t>(&value)) return std::to_string(*number);
    return std::to_string(std::get<double>(value));
}

std::string_view kind_name(telemetry::SpanKind kind) {
    switch (kind) {
    case telemetry::SpanKind::internal: return "INTERNAL";
    case telemetry::SpanKind::server: return "SERVER";
    case telemetry::SpanKind::client: return "CLIENT";
    case telemetry::SpanKind::producer: return "PRODUCER";
    case telemetry::SpanKind::consumer: return "CONSUMER";
    }
    return "INTERNAL";
}

}  // namespace

std::string span_line(const telemetry::SpanRecord& span) {
    const std::string parent = span.parent_span_id.is_valid() ? span.parent_span_id.hex() : "";
    std::string line = "{\"name\":" + in_quotes(span.name) + ",\"kind\":" + in_quotes(kind_name(span.kind));
    line += ",\"trace_id\":" + in_quotes(span.context.trace_id.hex()) +
            ",\"span_id\":" + in_quotes(span.context.span_id.hex());
    line += ",\"parent_span_id\":" + in_quotes(parent);
    line += std::string(",\"trace_flags\":") + (span.context.is_sampled ? "\"01\"" : "\"00\"");
    line += ",\"start_time_unix_nano\":" + std::to_string(span.start_time_unix_nano);
    line += ",\"end_time_unix_nano\":" + std::to_string(span.end_time_unix_nano);
    line += ",\"attributes\":{";
    const char* separator = "";
    for (const auto& [key, value] : span.attributes) {
        line += separator + in_quotes(key) + ":" + json(value);
        separator = ",";
    }
    return line + "}}";
}

}  // namespace demo
