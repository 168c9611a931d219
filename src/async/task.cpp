#include "async/task.hpp"

namespace async {

Task<> sleep_until(SteadyClock::time_point when) {
    asio::steady_timer timer(co_await asio::this_coro::executor, when);
    co_await timer.async_wait(as_result);
}

Task<> sleep_for(SteadyClock::duration duration) {
    // A limit of years must not overflow the clock.
    const auto now = SteadyClock::now();
    const auto room = SteadyClock::time_point::max() - now;
    return sleep_until(duration < room ? now + duration : SteadyClock::time_point::max());
}

Task<> forever() {
    return sleep_until(SteadyClock::time_point::max());
}

}  // namespace async
