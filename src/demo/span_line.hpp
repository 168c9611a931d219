// One span as one line of JSON.
#pragma once

#include <string>

#include "telemetry/records.hpp"

namespace demo {

/// Without the newline.
std::string span_line(const telemetry::SpanRecord& span);

}  // namespace demo
