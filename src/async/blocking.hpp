// Work that blocks (fsync, hashing, unpacking), done beside the event loop and awaited.
#pragma once

#include <signal.h>

#include <functional>
#include <memory>

#include "async/task.hpp"

namespace async {

/// A few threads, started with the first work.
class BlockingPool {
public:
    explicit BlockingPool(std::size_t threads = 1) : threads_(threads) {}

    /// The result of `work`, which runs on a thread of the pool while the caller waits for it.
    /// Work that was started is finished even when the waiting coroutine is cancelled. Capture by reference: the caller
    /// waits, and g++ 12 destroys a captured value twice when the lambda stands in the co_await expression.
    template <typename Work>
    auto run(Work work) -> Task<std::invoke_result_t<Work>> {
        static_assert(std::is_trivially_destructible_v<Work>, "capture by reference");
        using Value = std::invoke_result_t<Work>;
        // Without a cancellation slot. To reset the state instead would reset it for all of the caller, for good.
        co_return co_await asio::co_spawn(
            executor(), [](Work held) -> Task<Value> { co_return held(); }(std::move(work)),
            asio::bind_cancellation_slot(asio::cancellation_slot(), asio::use_awaitable));
    }

private:
    asio::thread_pool::executor_type executor() {
        if (!pool_) pool_ = make_pool();
        return pool_->get_executor();
    }

    /// Its threads take no signals: those are for the loop's.
    std::unique_ptr<asio::thread_pool> make_pool() const {
        sigset_t all, before;
        sigfillset(&all);
        ::pthread_sigmask(SIG_SETMASK, &all, &before);
        auto pool = std::make_unique<asio::thread_pool>(threads_);
        ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
        return pool;
    }

    std::size_t threads_;
    std::unique_ptr<asio::thread_pool> pool_;
};

}  // namespace async
