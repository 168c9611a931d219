#include "telemetry/metric_reader.hpp"

#include <algorithm>

namespace telemetry {

using async::SteadyClock;
using async::Task;
using namespace async;  // the awaitable operators

MetricReader::MetricReader(asio::any_io_executor executor, Collect collect, const Options& options,
                           const base::log::Scope& log)
    : collect_(std::move(collect)), options_(options), sender_(std::move(executor), Signal::metrics, log) {}

void MetricReader::set_interval(base::Duration interval) {
    options_.interval = interval;
    sender_.changed().raise();
}

void MetricReader::finish() {
    is_finishing_ = true;
    sender_.lose_patience();
}

Task<> MetricReader::run() {
    for (;;) {
        sender_.changed().clear();
        const bool is_last = is_finishing_ || sender_.is_to_close();
        if (sender_.has_destination()) co_await export_once();
        if (is_last) co_await sender_.close();
        if (is_finishing_ && is_last) co_return;
        const auto next = SteadyClock::now() + options_.interval;
        co_await (sender_.changed().raised() ||
                  sleep_until(sender_.has_destination() ? next : SteadyClock::time_point::max()));
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return;
    }
}

/// What is cumulative is not worth repeating for longer than until the next time.
Task<> MetricReader::export_once() {
    Sender::Request request = collect_();
    if (request.records == 0) co_return;
    request.give_up_at = SteadyClock::now() + std::min(options_.interval, options_.timeout);
    co_await sender_.deliver(std::move(request));
}

}  // namespace telemetry
