#include "telemetry/batch_exporter.hpp"

namespace telemetry {

using async::SteadyClock;
using async::Task;
using namespace async;  // the awaitable operators

BatchExporter::BatchExporter(asio::any_io_executor executor, Signal signal, BatchSource& source,
                             const BatchLimits& limits, const base::log::Scope& log)
    : source_(source), limits_(limits), sender_(executor, signal, log), wake_(executor) {}

void BatchExporter::finish() {
    is_finishing_ = true;
    sender_.lose_patience();
    wake_.raise();
}

bool BatchExporter::is_due_now() const {
    return is_finishing_ || sender_.is_to_close() || source_.waiting() >= limits_.batch;
}

/// Whether to go on.
Task<bool> BatchExporter::wait_until_due() {
    std::optional<SteadyClock::time_point> due;
    while (!is_due_now()) {
        wake_.clear();
        sender_.changed().clear();
        if (source_.waiting() > 0 && !due) due = SteadyClock::now() + limits_.schedule_delay;
        if (due && sender_.has_destination() && SteadyClock::now() >= *due) co_return true;
        const auto until = due && sender_.has_destination() ? *due : SteadyClock::time_point::max();
        co_await (wake_.raised() || sender_.changed().raised() || sleep_until(until));
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return false;
    }
    co_return true;
}

Task<> BatchExporter::run() {
    for (;;) {
        const bool goes_on = co_await wait_until_due();
        if (!goes_on) co_return;
        while (source_.waiting() > 0 && sender_.has_destination()) {
            BatchSource::Batch batch = source_.take(limits_.batch);
            Sender::Request request{std::move(batch.body), batch.records, SteadyClock::now() + limits_.patience};
            co_await sender_.deliver(std::move(request));
            const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
            if (is_ended) co_return;
        }
        co_await sender_.close();
        if (is_finishing_) co_return;
    }
}

}  // namespace telemetry
