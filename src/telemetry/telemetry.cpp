#include "telemetry/telemetry.hpp"

#include "base/units.hpp"

namespace telemetry {

using async::Task;
using namespace async;  // the awaitable operators

template <typename Record>
class Telemetry::RecordSource final : public BatchSource {
public:
    RecordSource(const Source& source, const QueueLimits& limits) : source_(source), queue(limits) {}

    std::size_t waiting() const override { return queue.size(); }
    Batch take(std::size_t most) override {
        const auto records = queue.take(most);
        return {encode(source_, records), records.size()};
    }

private:
    const Source& source_;

public:
    Queue<Record> queue;
};

Telemetry::Telemetry(asio::any_io_executor executor, const Options& options, const base::log::Scope& log)
    : span_source_(std::make_unique<RecordSource<SpanRecord>>(source_, options.spans.queue)),
      log_source_(std::make_unique<RecordSource<LogRecord>>(source_, options.logs.queue)),
      spans_(executor, Signal::traces, *span_source_, options.spans, log),
      logs_(executor, Signal::logs, *log_source_, options.logs, log),
      metrics_(
          executor, [this] { return collect(); }, options.metrics, log),
      tracer_(*this) {
    tracer_.set_enabled(false);
}

Telemetry::~Telemetry() = default;

const Sender& Telemetry::sender(Signal signal) const {
    switch (signal) {
    case Signal::traces: return spans_.sender();
    case Signal::metrics: return metrics_.sender();
    case Signal::logs: return logs_.sender();
    }
    return spans_.sender();
}

Sender& Telemetry::sender(Signal signal) {
    return const_cast<Sender&>(std::as_const(*this).sender(signal));
}

const std::optional<Destination>& Telemetry::destination(Signal signal) const {
    return sender(signal).wanted();
}

void Telemetry::set_destination(Signal signal, std::optional<Destination> destination) {
    if (signal == Signal::traces) tracer_.set_enabled(destination.has_value());
    if (signal == Signal::traces && !destination) left_unix_nano_ = base::unix_nano_now();
    expected_.erase(signal);
    const bool is_for_nobody = !destination && !sender(signal).has_destination();
    if (is_for_nobody && signal == Signal::traces) span_source_->queue.clear();
    if (is_for_nobody && signal == Signal::logs) log_source_->queue.clear();
    sender(signal).set_destination(std::move(destination));
}

void Telemetry::expect_destination(Signal signal) {
    expected_.insert(signal);
    if (signal == Signal::traces) tracer_.set_enabled(true);
}

void Telemetry::take(SpanRecord span) {
    // A span that was begun under a destination is sent there even if that is being left.
    const bool is_late = spans_.sender().has_destination() && span.start_time_unix_nano <= left_unix_nano_;
    if ((is_on(Signal::traces) || is_late) && span_source_->queue.push(std::move(span))) spans_.note_added();
}

void Telemetry::add(LogRecord record) {
    if (is_on(Signal::logs) && log_source_->queue.push(std::move(record))) logs_.note_added();
}

Sender::Request Telemetry::collect() {
    const auto metrics = meter_.collect();
    Sender::Request request;
    for (const MetricData& metric : metrics) request.records += metric.points.size();
    if (request.records > 0)
        request.body = encode(source_, metrics, meter_.start_time_unix_nano(), base::unix_nano_now());
    return request;
}

Task<> Telemetry::run() {
    co_await (spans_.run() && logs_.run() && metrics_.run());
}

void Telemetry::finish() {
    spans_.finish();
    logs_.finish();
    metrics_.finish();
}

Telemetry::Counts Telemetry::counts(Signal signal) const {
    Counts counts{sender(signal).counts(), 0, 0};
    if (signal == Signal::traces) {
        counts.dropped = span_source_->queue.dropped();
        counts.waiting = span_source_->queue.size();
    } else if (signal == Signal::logs) {
        counts.dropped = log_source_->queue.dropped();
        counts.waiting = log_source_->queue.size();
    }
    return counts;
}

}  // namespace telemetry
