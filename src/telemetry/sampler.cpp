#include "telemetry/sampler.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>

#include "base/bytes.hpp"
#include "base/number.hpp"

namespace telemetry {
namespace {

using base::Error;
using base::Kind;
using Sampling = SamplerSettings::Kind;

constexpr std::string_view kParentBased = "parentbased_";

struct Name {
    std::string_view text;
    Sampling kind;
};
constexpr Name kNames[] = {{"always_on", Sampling::always_on},
                           {"always_off", Sampling::always_off},
                           {"traceidratio", Sampling::ratio},
                           {"rate_limited", Sampling::rate_limited}};

std::optional<double> parse_positive(std::string_view text, double most) {
    const auto number = base::parse_number<double>(text);
    if (!number || !std::isfinite(*number) || *number < 0 || *number > most) return std::nullopt;
    return number;
}

std::string number_text(double number) {
    char text[32];
    return {text, std::to_chars(text, std::end(text), number).ptr};
}

/// The last seven bytes of a trace ID are random. Spec: OpenTelemetry, "TraceIdRatioBased".
std::uint64_t randomness(const TraceId& id) {
    std::uint64_t number = 0;
    for (std::size_t at = 9; at < 16; ++at) number = number << 8 | id.bytes[at];
    return number;
}

/// In whole numbers: a fraction has no room for all 56 bits, and the ratio 1 is every trace.
bool is_below(const TraceId& id, double ratio) {
    constexpr double kAll = 72057594037927936.0;  // 2^56
    return randomness(id) < static_cast<std::uint64_t>(ratio * kAll);
}

/// It may come from a server, and is told to it again.
std::string quoted(std::string_view text) {
    constexpr std::size_t kMost = 100;
    return "'" + base::to_valid_utf8(base::shortened(text, kMost)) + "'";
}

}  // namespace

base::Result<SamplerSettings> parse_sampler(std::string_view name, std::string_view argument) {
    SamplerSettings settings;
    const std::string_view whole = name;
    settings.is_parent_based = name.starts_with(kParentBased);
    if (settings.is_parent_based) name.remove_prefix(kParentBased.size());
    const auto known = std::ranges::find(kNames, name, &Name::text);
    if (known == std::end(kNames))
        return Error(Kind::invalid, "there is no sampler " + quoted(whole))
            .hint("always_on, always_off, traceidratio or rate_limited, each also with parentbased_ in front");
    settings.kind = known->kind;
    if (settings.kind == Sampling::ratio && !argument.empty()) {
        const auto ratio = parse_positive(argument, 1);
        if (!ratio) return Error(Kind::invalid, quoted(argument) + " is not a ratio").hint("0 to 1");
        settings.ratio = *ratio;
    } else if (settings.kind == Sampling::rate_limited) {
        constexpr double kMost = 1e9;
        const auto rate = parse_positive(argument, kMost);
        if (!rate) return Error(Kind::invalid, quoted(argument) + " is not a rate").hint("traces a second, say 5");
        settings.per_second = *rate;
    }
    return settings;
}

base::Result<SamplerSettings> parse_sampler(std::string_view text) {
    const std::size_t space = std::min(text.find(' '), text.size());
    return parse_sampler(text.substr(0, space), text.substr(std::min(space + 1, text.size())));
}

std::string to_text(const SamplerSettings& settings) {
    std::string text(settings.is_parent_based ? kParentBased : "");
    text += std::ranges::find(kNames, settings.kind, &Name::kind)->text;
    if (settings.kind == Sampling::ratio) text += " " + number_text(settings.ratio);
    if (settings.kind == Sampling::rate_limited) text += " " + number_text(settings.per_second);
    return text;
}

Sampler::Sampler(const SamplerSettings& settings, Clock clock) : settings_(settings), clock_(clock) {}

void Sampler::set(const SamplerSettings& settings) {
    const bool is_other_rate = settings.per_second != settings_.per_second || settings.kind != settings_.kind;
    settings_ = settings;
    if (is_other_rate) filled_.reset();
}

bool Sampler::is_sampled(const TraceId& trace_id, const SpanContext* parent) {
    if (parent && (settings_.is_parent_based || !parent->is_remote)) return parent->is_sampled;
    switch (settings_.kind) {
    case Sampling::always_on: return true;
    case Sampling::always_off: return false;
    case Sampling::ratio: return is_below(trace_id, settings_.ratio);
    case Sampling::rate_limited: return takes_token(clock_());
    }
    return false;
}

bool Sampler::takes_token(TimePoint now) {
    if (settings_.per_second == 0) return false;
    const double most = std::max(1.0, settings_.per_second);
    const double passed = filled_ ? std::chrono::duration<double>(now - *filled_).count() : 0;
    tokens_ = filled_ ? std::min(most, tokens_ + passed * settings_.per_second) : most;
    filled_ = now;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
}

}  // namespace telemetry
