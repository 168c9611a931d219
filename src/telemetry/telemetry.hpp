// All telemetry of one resource: what is recorded, and where it goes.
#pragma once

#include <memory>
#include <optional>
#include <set>

#include "telemetry/batch_exporter.hpp"
#include "telemetry/metric_reader.hpp"
#include "telemetry/metrics.hpp"
#include "telemetry/otlp.hpp"
#include "telemetry/tracer.hpp"

namespace telemetry {

struct Options {
    BatchLimits spans;
    BatchLimits logs;
    MetricReader::Options metrics;
};

/// Nothing is recorded or sent for a signal without a destination. Destinations, sampler and resource may be replaced
/// at any time; what is recorded is sent to the destination that there is then.
///
/// A destination that is dead costs a queue (BatchLimits) and delays nobody.
class Telemetry final : public SpanSink {
public:
    /// `log` outlives the object; its events about exports may come back as records.
    Telemetry(async::asio::any_io_executor executor, const Options& options, const base::log::Scope& log);
    ~Telemetry();

    Tracer& tracer() { return tracer_; }
    const Tracer& tracer() const { return tracer_; }
    Meter& meter() { return meter_; }

    void set_source(Source source) { source_ = std::move(source); }
    const Source& source() const { return source_; }
    /// None: what is recorded already is sent, once.
    void set_destination(Signal signal, std::optional<Destination> destination);
    const std::optional<Destination>& destination(Signal signal) const;
    /// A destination is being looked at: what is recorded from now on waits for it, or for the news that there is none.
    void expect_destination(Signal signal);
    bool is_on(Signal signal) const { return destination(signal).has_value() || expected_.contains(signal); }
    void set_metric_interval(base::Duration interval) { metrics_.set_interval(interval); }

    /// From another tracer of the program.
    void take(SpanRecord span) override;
    void add(LogRecord record);

    /// Exports until `finish` and what was recorded has been tried, or until cancelled.
    async::Task<> run();
    void finish();

    /// Of spans, log records, or data points.
    struct Counts {
        ExportCounts exports;
        std::uint64_t dropped = 0;  ///< The queue was full.
        std::size_t waiting = 0;
    };
    Counts counts(Signal signal) const;
    const Sender::Trouble& trouble(Signal signal) const { return sender(signal).trouble(); }

private:
    template <typename Record>
    class RecordSource;
    const Sender& sender(Signal signal) const;
    Sender& sender(Signal signal);
    Sender::Request collect();

    Source source_;
    std::set<Signal> expected_;
    std::uint64_t left_unix_nano_ = 0;  ///< When spans lost their destination last.
    Meter meter_;
    std::unique_ptr<RecordSource<SpanRecord>> span_source_;
    std::unique_ptr<RecordSource<LogRecord>> log_source_;
    BatchExporter spans_;
    BatchExporter logs_;
    MetricReader metrics_;
    Tracer tracer_;
};

}  // namespace telemetry
