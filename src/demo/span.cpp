#include "demo/span.hpp"

#include <string_view>

#include "base/bytes.hpp"

namespace demo {
namespace {

std::string json(std::string_view text) {
    return base::json_string(text);
}

std::string json(std::int64_t number) {
    return std::to_string(number);
}

}  // namespace

std::string json_line(const Span& span) {
    std::string line = "{\"name\":" + json(span.name) + ",\"kind\":\"SERVER\"";
    line += ",\"trace_id\":" + json(span.self.trace_id) + ",\"span_id\":" + json(span.self.span_id);
    line += ",\"parent_span_id\":" + json(span.parent_span_id);
    line += std::string(",\"trace_flags\":") + (span.self.sampled ? "\"01\"" : "\"00\"");
    line += ",\"start_time_unix_nano\":" + json(span.start_time_unix_nano);
    line += ",\"end_time_unix_nano\":" + json(span.end_time_unix_nano);
    line += ",\"attributes\":{";
    const char* separator = "";
    for (const auto& [key, value] : span.attributes) {
        line += separator + json(key) + ":" + std::visit([](const auto& held) { return json(held); }, value);
        separator = ",";
    }
    return line + "}}";
}

}  // namespace demo
