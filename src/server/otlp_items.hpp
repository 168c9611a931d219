// Single spans, log records and metrics of OTLP as what is kept of them.
#pragma once

#include <otlp/v1/otlp.pb.h>

#include <functional>
#include <string>

#include "base/result.hpp"
#include "server/telemetry.hpp"

namespace server {

/// Why it cannot be kept; nullptr: it can.
using Fault = const char*;

Fault to_span(const otlp::v1::Span& wire, Span& span);
LogRecord to_log_record(const otlp::v1::LogRecord& wire);

/// Each point of the metric; what cannot be kept is told to `reject`. Errors: those of `add`, at which it ends.
base::Result<void> each_point(const otlp::v1::Metric& wire, const std::string& scope,
                              const std::function<base::Result<void>(const MetricPoint&)>& add,
                              const std::function<void(Fault)>& reject);

}  // namespace server
