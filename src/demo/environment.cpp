#include "demo/environment.hpp"

namespace demo {
namespace {

std::optional<telemetry::Destination> destination_of(const std::optional<telemetry::ExporterVariables>& variables) {
    if (!variables) return std::nullopt;
    const auto url = net::parse_url(variables->endpoint);
    if (!url) return std::nullopt;  // noted by who has read it
    telemetry::Destination destination;
    destination.client.url = *url;
    destination.client.headers = variables->headers;
    destination.client.tls.ca_file = variables->certificate;
    destination.client.tls.cert_file = variables->client_certificate;
    destination.client.tls.key_file = variables->client_key;
    destination.compresses = variables->is_gzip;
    destination.timeout = variables->timeout;
    return destination;
}

}  // namespace

Settings settings_from(const telemetry::Environment& environment) {
    Settings settings;
    if (environment.sampler) settings.sampler = *environment.sampler;
    settings.console = !environment.is_disabled;
    settings.traces = destination_of(environment.traces);
    settings.metrics = destination_of(environment.metrics);
    return settings;
}

telemetry::Options options_from(const telemetry::Environment& environment) {
    telemetry::Options options;
    // A receiver may be away for a while under load: some ten thousand spans wait for it.
    options.spans.queue = {16384, 16u << 20};
    const telemetry::BatchVariables& batches = environment.span_batches;
    if (batches.max_queue_size) options.spans.queue.records = *batches.max_queue_size;
    if (batches.max_export_batch_size) options.spans.batch = *batches.max_export_batch_size;
    if (batches.schedule_delay) options.spans.schedule_delay = *batches.schedule_delay;
    if (environment.metric_interval) options.metrics.interval = *environment.metric_interval;
    return options;
}

}  // namespace demo
