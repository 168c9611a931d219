// Metrics as Prometheus reads them: its text format 0.0.4. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "telemetry/metrics.hpp"

namespace telemetry {

/// What one meter has come to, and the labels that tell it from others: {{"agent", "collector"}}.
struct LabelledMetrics {
    Attributes labels;
    std::vector<MetricData> metrics;
};

inline constexpr std::string_view kPrometheusContentType = "text/plain; version=0.0.4; charset=utf-8";

/// One exposition: each family once with its HELP and TYPE, in the order in which they come. Of two metrics that would
/// be one family of two types the later one is left out. Labels are those of a point and of its meter together.
///
/// Spec    OpenTelemetry, "Prometheus and OpenMetrics Compatibility"; of the resource nothing is said but the labels
/// given.
std::string prometheus_text(const std::vector<LabelledMetrics>& all);

/// "process.cpu.time" in "s", a counter: "process_cpu_time_seconds_total".
std::string prometheus_name(const MetricInfo& info);

}  // namespace telemetry
