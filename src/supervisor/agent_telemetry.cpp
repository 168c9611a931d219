#include "supervisor/agent_telemetry.hpp"

#include <unistd.h>

#include "base/units.hpp"

namespace supervisor {

using namespace async;  // the awaitable operators
using base::log::Level;
using telemetry::Severity;
using telemetry::Signal;

namespace {

Severity severity_of(Level level) {
    switch (level) {
    case Level::debug: return Severity::debug;
    case Level::info: return Severity::info;
    case Level::warning: return Severity::warn;
    case Level::error: return Severity::error;
    }
    return Severity::info;
}

std::string_view record_name(Signal signal) {
    switch (signal) {
    case Signal::traces: return "span";
    case Signal::metrics: return "metric_data_point";
    case Signal::logs: return "log";
    }
    return "span";
}

}  // namespace

AgentTelemetry::AgentTelemetry(asio::any_io_executor executor, const base::log::Scope& log,
                               const telemetry::Options& options)
    : pipeline_(executor, options, log),
      metrics_(pipeline_.meter()),
      traces_(pipeline_.tracer(), metrics_),
      exported_(
          pipeline_.meter().add({"opampd.telemetry.exported", telemetry::MetricKind::counter, "{record}",
                                 "Records that a receiver was sent; with error.type, those that it did not take."})),
      dropped_(pipeline_.meter().add({"opampd.telemetry.dropped", telemetry::MetricKind::counter, "{record}",
                                      "Records that had no place in the queue."})),
      output_changed_(executor) {
    pipeline_.meter().observe([this] { measure_exports(); });
}

void AgentTelemetry::describe(const opamp::AgentDescription& description) {
    description_ = description;
    telemetry::Source source;
    source.scope = "opampd";
    source.scope_version = OPAMPD_VERSION;
    source.resource = local_.environment;
    for (const auto& [name, value] : local_.resource) telemetry::set(source.resource, name, value);
    for (const auto* attributes : {&description.identifying, &description.non_identifying})
        for (const auto& [name, value] : *attributes) telemetry::set(source.resource, name, value);
    pipeline_.set_source(std::move(source));
}

void AgentTelemetry::measure(telemetry::ProcessMetrics::List agent) {
    using telemetry::ObservedProcess;
    processes_.emplace(pipeline_.meter(), [agent = std::move(agent)] {
        auto all = agent();
        all.push_back({"opampd", ::getpid(), ObservedProcess::Extent::process});
        return all;
    });
}

void AgentTelemetry::use_local(LocalTelemetry local) {
    local_ = std::move(local);
    describe(description_);
    pipeline_.tracer().set_sampler(local_.sampler);
    pipeline_.set_metric_interval(local_.metric_interval);
    settle();
}

void AgentTelemetry::use_offered(telemetry::Destinations offered) {
    offered_ = std::move(offered);
    settle();
}

void AgentTelemetry::expect(Signal signal) {
    if (!pipeline_.is_on(signal)) pipeline_.expect_destination(signal);
}

void AgentTelemetry::settle() {
    for (const Signal signal : telemetry::kSignals) {
        std::optional<telemetry::Destination> wanted;
        if (const auto found = offered_.find(signal); found != offered_.end())
            wanted = found->second;
        else if (const auto local = local_.destinations.find(signal); local != local_.destinations.end())
            wanted = local->second;
        if (wanted != pipeline_.destination(signal) || !wanted) pipeline_.set_destination(signal, std::move(wanted));
    }
    output_changed_.raise();
}

AgentTelemetry::Origin AgentTelemetry::origin(Signal signal) const {
    if (offered_.contains(signal)) return Origin::server;
    return local_.destinations.contains(signal) ? Origin::settings : Origin::none;
}

// ---- What there is to tell.

void AgentTelemetry::note(Level level, std::string_view event, const base::log::Fields& fields) {
    if (!pipeline_.is_on(Signal::logs)) return;
    telemetry::LogRecord record;
    record.time_unix_nano = base::unix_nano_now();
    record.severity = severity_of(level);
    record.event_name = event;
    record.body = event;
    for (const base::log::Field& field : fields) {
        record.attributes.emplace_back(field.key(), field.value());
        if (field.key() == "error" || field.key() == "detail" || field.key() == "reason")
            record.body += ": " + field.value();
    }
    const telemetry::SpanContext context = traces_.context();
    record.trace_id = context.trace_id;
    record.span_id = context.span_id;
    record.is_sampled = context.is_sampled;
    pipeline_.add(std::move(record));
}

void AgentTelemetry::note_output(std::string line) {
    telemetry::LogRecord record;
    record.time_unix_nano = base::unix_nano_now();
    record.body = std::move(line);
    record.attributes.emplace_back("log.iostream", std::string("stdout and stderr"));
    pipeline_.add(std::move(record));
}

void AgentTelemetry::measure_exports() {
    const auto total = [](telemetry::Instrument& instrument, std::uint64_t count, telemetry::Attributes attributes) {
        if (count > 0) instrument.set(static_cast<double>(count), attributes);
    };
    for (const Signal signal : telemetry::kSignals) {
        const auto counts = pipeline_.counts(signal);
        const std::string records(record_name(signal));
        total(exported_, counts.exports.exported, {{"record", records}});
        total(exported_, counts.exports.rejected, {{"record", records}, {"error.type", std::string("rejected")}});
        total(exported_, counts.exports.given_up, {{"record", records}, {"error.type", std::string("unreachable")}});
        total(dropped_, counts.dropped, {{"record", records}});
    }
}

}  // namespace supervisor
