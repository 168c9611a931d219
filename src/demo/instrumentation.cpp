#include "demo/instrumentation.hpp"

#include "demo/span_line.hpp"
#include "telemetry/prometheus.hpp"

namespace demo {
namespace {

using telemetry::MetricKind;
using telemetry::Signal;

/// Spec: OpenTelemetry's semantic conventions, "HTTP Metrics", with the boundaries that they advise.
telemetry::MetricInfo request_duration() {
    return {"http.server.request.duration",
            MetricKind::histogram,
            "s",
            "Duration of HTTP server requests.",
            {0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10}};
}

}  // namespace

Instrumentation::Instrumentation(async::asio::any_io_executor executor, telemetry::Source source, std::ostream& console,
                                 const Settings& settings, const telemetry::Options& options)
    : console_(console),
      settings_(settings),
      telemetry_(std::move(executor), options, log_),
      config_updates_(telemetry_.meter().add(
          {"demo.config.updates", MetricKind::counter, "{update}", "Settings taken from the file, and not taken."})),
      request_duration_(telemetry_.meter().add(request_duration())) {
    telemetry_.set_source(std::move(source));
    put_in_force();
}

void Instrumentation::put_in_force() {
    tracer_.set_sampler(settings_.sampler);
    telemetry_.set_destination(Signal::traces, settings_.traces);
    telemetry_.set_destination(Signal::metrics, settings_.metrics);
}

void Instrumentation::update(const Settings& settings) {
    settings_ = settings;
    put_in_force();
    ++updates_.ok;
    config_updates_.add(1, {{"result", "ok"}});
}

void Instrumentation::note_failed_update() {
    ++updates_.failed;
    config_updates_.add(1, {{"result", "failed"}});
}

telemetry::Span Instrumentation::start(std::string_view name, const telemetry::SpanContext& parent) {
    return tracer_.start(name, parent, {telemetry::SpanKind::server, 0});
}

std::string Instrumentation::prometheus_text() {
    return telemetry::prometheus_text({{{}, telemetry_.meter().collect()}});
}

void Instrumentation::note_request(double seconds, const telemetry::Attributes& attributes) {
    request_duration_.record(seconds, attributes);
}

void Instrumentation::take(telemetry::SpanRecord span) {
    if (settings_.console) console_ << span_line(span) + "\n" << std::flush;
    telemetry_.take(std::move(span));
}

}  // namespace demo
