// The variables OTEL_*: where telemetry goes, and how much of it. Pure: variables are given by a function.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/units.hpp"
#include "net/proxy.hpp"
#include "telemetry/attributes.hpp"
#include "telemetry/destination.hpp"
#include "telemetry/sampler.hpp"
#include "telemetry/telemetry.hpp"

namespace telemetry {

/// OTEL_BSP_* for spans, OTEL_BLRP_* for log records; nothing where a variable is not set.
struct BatchVariables {
    std::optional<base::Duration> schedule_delay;
    std::optional<std::size_t> max_queue_size;
    std::optional<std::size_t> max_export_batch_size;  ///< At most `max_queue_size`, or 2048.
    std::optional<base::Duration> export_timeout;
};

struct Environment {
    /// None: no variable names an endpoint, OTEL_SDK_DISABLED is true, or OTEL_…_EXPORTER is not otlp. The
    /// specification's default endpoint is not used: a daemon sends nothing anywhere unless it was told to.
    Destinations destinations;
    bool is_disabled = false;
    std::optional<SamplerSettings> sampler;
    Attributes resource;  ///< OTEL_RESOURCE_ATTRIBUTES, and service.name of OTEL_SERVICE_NAME, which is stronger.
    BatchVariables span_batches, log_batches;
    std::optional<base::Duration> metric_interval, metric_timeout;
    /// Each a sentence on a variable that was not taken as it is: its name, what is wrong, what is done instead. Never
    /// with a header's value, or what may be a secret of a URL.
    std::vector<std::string> notes;
};

/// Spec    OpenTelemetry, "Environment Variable Specification": an empty variable is none, and so is a bad one, which
/// is noted. Only http/protobuf is spoken.
Environment read_environment(const net::Variable& variable);

/// `options` with what `environment` says of batches and intervals.
Options laid_over(Options options, const Environment& environment);

}  // namespace telemetry
