#include "server/telemetry_keeper.hpp"

#include <chrono>

#include "base/log.hpp"
#include "base/units.hpp"

namespace server {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::size_t kMostWaitingBytes = 32u << 20;  ///< A single request has half of it at most.
constexpr std::size_t kMostWaitingRequests = 256;
constexpr std::chrono::milliseconds kBetweenNews{200};

}  // namespace

/// A request that waits, or is being kept.
class TelemetryKeeper::Place {
public:
    Place(TelemetryKeeper& keeper, std::size_t bytes) : keeper_(keeper), bytes_(bytes) {
        keeper_.waiting_requests_ += 1;
        keeper_.waiting_bytes_ += bytes_;
    }
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place() {
        keeper_.waiting_requests_ -= 1;
        keeper_.waiting_bytes_ -= bytes_;
    }

private:
    TelemetryKeeper& keeper_;
    std::size_t bytes_;
};

async::Task<Result<Taken>> TelemetryKeeper::take(Signal signal, std::string request) {
    if (!has_room(request.size())) co_return Error(Kind::timeout, "more telemetry is waiting than can be kept up with");
    const auto work = [&]() -> Result<Kept> {
        if (is_stopping_) return stopping();
        return store_->take(signal, request, static_cast<Nanoseconds>(base::unix_nano_now()));
    };
    const Place place(*this, request.size());
    auto kept = co_await pool_.run([&work] { return work(); });
    note_outcome(kept);
    if (!kept) co_return std::move(kept).error();
    note_news(*kept, signal);
    co_return std::move(kept->taken);
}

/// The log hears of a queue that is full, and again once it is empty.
bool TelemetryKeeper::has_room(std::size_t bytes) {
    const bool has_room = waiting_requests_ < kMostWaitingRequests && waiting_bytes_ + bytes <= kMostWaitingBytes;
    if (!has_room && !is_overloaded_)
        base::log::warning("telemetry.overloaded", {{"requests", waiting_requests_},
                                                    {"most_requests", kMostWaitingRequests},
                                                    {"bytes", waiting_bytes_ + bytes},
                                                    {"most_bytes", kMostWaitingBytes}});
    if (is_overloaded_ && waiting_requests_ == 0) base::log::info("telemetry.keeps_up");
    is_overloaded_ = !has_room || (is_overloaded_ && waiting_requests_ > 0);
    return has_room;
}

void TelemetryKeeper::note_outcome(const Result<Kept>& kept) {
    const auto kind = kept ? Kind::invalid : kept.error().kind();
    const bool fails = kind != Kind::invalid && kind != Kind::cancelled;
    if (fails && !is_failing_) base::log::error("telemetry.not_kept", {{"error", kept.error().text()}});
    if (!fails && is_failing_) base::log::info("telemetry.kept_again");
    is_failing_ = fails;
}

/// Of agents alone: whoever sends telemetry may claim to be any number of others.
void TelemetryKeeper::note_news(const Kept& kept, Signal signal) {
    for (const base::Uuid& agent : kept.agents)
        if (is_agent_(agent)) due_.emplace(agent, signal);
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
