#include "health/watch.hpp"

#include <algorithm>

#include "base/uuid.hpp"

namespace health {

using namespace std::chrono_literals;

async::Task<base::Result<void>> ask(const Probe& probe) {
    return std::visit([](const auto& way) { return ask(way); }, probe);
}

base::Duration next_question(bool has_been_well, base::Duration elapsed, base::Duration interval) {
    if (has_been_well) return interval;
    return std::clamp<base::Duration>(elapsed / 10, 1ms, std::max<base::Duration>(interval, 1ms));
}

base::Duration spread(base::Duration pause, std::uint64_t chance) {
    constexpr std::int64_t kParts = 1000, kMost = 100;
    const auto part = static_cast<std::int64_t>(chance % (2 * kMost + 1)) - kMost;
    return pause + pause / kParts * part;
}

async::Task<> watch(Probe probe, Schedule schedule, Listener& listener) {
    const auto begin = async::SteadyClock::now();
    bool has_been_well = false;
    unsigned in_a_row = 0;
    for (;;) {
        const auto asked = async::SteadyClock::now();
        const auto answer = co_await ask(probe);
        const base::Duration took = async::SteadyClock::now() - asked;
        const bool is_ended = async::is_cancelled(co_await async::asio::this_coro::cancellation_state);
        if (is_ended) co_return;
        in_a_row = answer ? in_a_row + 1 : 0;
        has_been_well = has_been_well || in_a_row >= schedule.successes;
        if (answer)
            listener.probe_up(took);
        else
            listener.probe_down(took, answer.error().text());
        const auto pause = next_question(has_been_well, async::SteadyClock::now() - begin, schedule.interval);
        co_await async::sleep_for(spread(pause, base::random_u64()));
    }
}

}  // namespace health
