// What the service tells of itself, to whom its settings say: spans to the console and over OTLP, metrics over OTLP.
#pragma once

#include <ostream>

#include "base/log.hpp"
#include "demo/settings.hpp"
#include "telemetry/telemetry.hpp"

namespace demo {

/// How often settings have been taken from a file, and have not, since the start.
struct Updates {
    std::uint64_t ok = 0;
    std::uint64_t failed = 0;
};

/// Settings may be replaced between any two requests: a span that has been recorded is exported whatever comes after.
class Instrumentation final : private telemetry::SpanSink {
public:
    /// `console` outlives the object.
    Instrumentation(async::asio::any_io_executor executor, telemetry::Source source, std::ostream& console,
                    const Settings& settings, const telemetry::Options& options = {});

    const Settings& settings() const { return settings_; }
    const Updates& updates() const { return updates_; }
    void update(const Settings& settings);
    /// The settings in force stay so.
    void note_failed_update();

    /// Requests are spans that somebody gets.
    bool is_tracing() const { return settings_.instrument && (settings_.console || settings_.traces); }
    /// Of a request, where `is_tracing`.
    telemetry::Span start(std::string_view name, const telemetry::SpanContext& parent);
    /// What has been measured, as Prometheus reads it.
    std::string prometheus_text();
    void note_request(double seconds, const telemetry::Attributes& attributes);

    /// Exports until `finish` and what was recorded has been tried, or until cancelled.
    async::Task<> run() { return telemetry_.run(); }
    void finish() { telemetry_.finish(); }

private:
    void put_in_force();
    void take(telemetry::SpanRecord span) override;

    std::ostream& console_;
    Settings settings_;
    Updates updates_;
    const base::log::Scope log_{base::log::Fields{}};
    telemetry::Telemetry telemetry_;
    telemetry::Tracer tracer_{*this};
    telemetry::Instrument& config_updates_;
    telemetry::Instrument& request_duration_;
};

}  // namespace demo
