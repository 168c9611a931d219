// Which traces are recorded.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "telemetry/trace_context.hpp"

namespace telemetry {

struct SamplerSettings {
    enum class Kind { always_on, always_off, ratio, rate_limited };
    Kind kind = Kind::always_on;
    double ratio = 1;             ///< Of the traces, 0 to 1. By the trace's ID: every program decides alike.
    double per_second = 0;        ///< New traces, as a bucket of tokens that holds those of one second (one at least).
    bool is_parent_based = true;  ///< What the parent decided is kept; the kind is for traces that begin here.
    friend bool operator==(const SamplerSettings&, const SamplerSettings&) = default;
};

/// The names of OTEL_TRACES_SAMPLER (always_on, always_off, traceidratio, each also with parentbased_ in front), and
/// rate_limited, parentbased_rate_limited; with OTEL_TRACES_SAMPLER_ARG, which may be empty where a kind needs none.
/// Errors: invalid, with the names there are.
base::Result<SamplerSettings> parse_sampler(std::string_view name, std::string_view argument);
/// Both in one text, with a space between them, as `to_text` has them.
base::Result<SamplerSettings> parse_sampler(std::string_view text);
/// "parentbased_traceidratio 0.25".
std::string to_text(const SamplerSettings& settings);

/// Decides with settings that may be replaced between two decisions.
class Sampler {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    using Clock = TimePoint (*)();

    /// `clock` is asked for `rate_limited` alone.
    explicit Sampler(const SamplerSettings& settings = {}, Clock clock = std::chrono::steady_clock::now);
    void set(const SamplerSettings& settings);
    const SamplerSettings& settings() const { return settings_; }

    /// `parent`: none for a trace that begins here. What has begun in this program is recorded whole, or not at all,
    /// whatever is set meanwhile.
    bool is_sampled(const TraceId& trace_id, const SpanContext* parent);

private:
    bool takes_token(TimePoint now);

    SamplerSettings settings_;
    const Clock clock_;
    double tokens_ = 0;
    std::optional<TimePoint> filled_;  ///< Nothing: the bucket is full, and no trace has begun yet.
};

}  // namespace telemetry
