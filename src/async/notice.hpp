// A flag that coroutines can wait for.
#pragma once

#include "async/task.hpp"

namespace async {

/// Single-threaded. `raise` before `raised` is remembered, so nothing is lost between two waits.
class Notice {
public:
    explicit Notice(asio::any_io_executor executor) : timer_(std::move(executor), SteadyClock::time_point::max()) {}

    void raise() {
        is_raised_ = true;
        timer_.cancel();
    }
    void clear() { is_raised_ = false; }
    bool is_raised() const { return is_raised_; }

    /// Returns when the notice is raised, and leaves it so. Safe to cancel and to repeat.
    Task<> raised() {
        while (!is_raised_) {
            co_await timer_.async_wait(as_result);
            // Asked of the state, because awaiting another task throws in a cancelled coroutine; and in a statement of
            // its own, because g++ 12 miscompiles a co_await behind && or ||.
            const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
            if (is_ended) co_return;
        }
    }

private:
    asio::steady_timer timer_;
    bool is_raised_ = false;
};

}  // namespace async
