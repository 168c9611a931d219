#include "demo/environment.hpp"

namespace demo {
namespace {

std::optional<telemetry::Destination> destination_of(const telemetry::Environment& environment,
                                                     telemetry::Signal signal) {
    const auto found = environment.destinations.find(signal);
    return found == environment.destinations.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace

Settings settings_from(const telemetry::Environment& environment) {
    Settings settings;
    if (environment.sampler) settings.sampler = *environment.sampler;
    settings.console = !environment.is_disabled;
    settings.traces = destination_of(environment, telemetry::Signal::traces);
    settings.metrics = destination_of(environment, telemetry::Signal::metrics);
    return settings;
}

telemetry::Options options_from(const telemetry::Environment& environment) {
    telemetry::Options options;
    // A receiver may be away for a while under load: some ten thousand spans wait for it.
    options.spans.queue = {16384, 16u << 20};
    return telemetry::laid_over(options, environment);
}

}  // namespace demo
