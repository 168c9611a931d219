#include "server/telemetry_keeper.hpp"

#include <chrono>

#include "base/log.hpp"

namespace server {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::size_t kMostWaitingBytes = 32u << 20;
constexpr std::size_t kMostWaitingRequests = 256;
constexpr std::size_t kMostDue = 4096;
constexpr std::chrono::milliseconds kBetweenNews{200};

Nanoseconds now() {
    const auto since = std::chrono::system_clock::now().time_since_epoch();
    return std::chrono::duration_cast<std::chrono::nanoseconds>(since).count();
}

}  // namespace

async::Task<Result<Taken>> TelemetryKeeper::take(Signal signal, std::string request) {
    const bool is_alone = waiting_requests_ == 0;  // a single request is never too large to wait
    if (!is_alone && (waiting_requests_ >= kMostWaitingRequests || waiting_bytes_ + request.size() > kMostWaitingBytes))
        co_return Error(Kind::timeout, "more telemetry is waiting than can be kept up with");
    waiting_requests_ += 1;
    waiting_bytes_ += request.size();
    const auto work = [&] { return store_->take(signal, request, now()); };
    auto kept = co_await pool_.run([&work] { return work(); });
    waiting_requests_ -= 1;
    waiting_bytes_ -= request.size();
    const bool fails = !kept && kept.error().kind() != Kind::invalid;
    if (fails && !is_failing_) base::log::error("telemetry.not_kept", {{"error", kept.error().text()}});
    if (!fails && is_failing_) base::log::info("telemetry.kept_again");
    is_failing_ = fails;
    if (!kept) co_return std::move(kept).error();
    note(*kept, signal);
    co_return std::move(kept->taken);
}

void TelemetryKeeper::note(const Kept& kept, Signal signal) {
    for (const base::Uuid& agent : kept.agents)
        if (due_.size() < kMostDue) due_.emplace(agent, signal);
    if (!due_.empty()) is_new_.raise();
}

async::Task<> TelemetryKeeper::tell_news() {
    using namespace async;
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!is_cancelled(co_await asio::this_coro::cancellation_state)) {
        is_new_.clear();
        for (const auto& [agent, signal] : std::exchange(due_, {})) news_(agent, signal);
        co_await is_new_.raised();
        co_await sleep_for(kBetweenNews);
    }
}

}  // namespace server
