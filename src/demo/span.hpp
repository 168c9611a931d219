// One span as one line of JSON.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "demo/traceparent.hpp"

namespace demo {

/// What a server knows of a request it has answered. Attributes have the names of OpenTelemetry's semantic conventions.
struct Span {
    std::string name;
    TraceParent self;
    std::string parent_span_id;  ///< Empty: the first of its trace.
    std::int64_t start_time_unix_nano = 0;
    std::int64_t end_time_unix_nano = 0;
    std::vector<std::pair<std::string, std::variant<std::string, std::int64_t>>> attributes;
};

/// Without the newline.
std::string json_line(const Span& span);

}  // namespace demo
