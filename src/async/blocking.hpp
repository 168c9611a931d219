// Work that blocks (fsync, hashing, unpacking), done beside the event loop and awaited.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "async/notice.hpp"
#include "async/task.hpp"
#include "base/blocked_signals.hpp"
#include "base/result.hpp"
#include "base/units.hpp"

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

    /// As `run`, for what may never end, like a look at a disk that hangs: given up after `limit` or when cancelled,
    /// and then it goes on alone, so that `work` has to own what it uses. No more of it is begun meanwhile. Errors:
    /// timeout, cancelled, and the work's own.
    template <typename Value>
    Task<base::Result<Value>> run_within(base::Duration limit, const std::function<base::Result<Value>()>& work) {
        if (*given_up_ > 0)
            co_return base::Error(base::Kind::timeout, "an earlier look at the same disk has no answer yet");
        struct Attempt {
            std::function<base::Result<Value>()> work;
            Notice done;
            std::optional<base::Result<Value>> value;
            bool is_given_up = false;
        };
        const auto loop = co_await asio::this_coro::executor;
        const auto attempt = std::make_shared<Attempt>(Attempt{work, Notice(loop), std::nullopt});
        // It ends on the loop, as its notice has to: the pool hands it back.
        asio::post(executor(), [attempt, loop, given_up = given_up_]() mutable {
            auto value = std::make_shared<base::Result<Value>>(attempt->work());
            asio::post(loop, [attempt = std::move(attempt), value, given_up] {
                if (attempt->is_given_up) --*given_up;
                attempt->value = std::move(*value);
                attempt->done.raise();
            });
        });
        co_await (attempt->done.raised() || sleep_for(limit));
        if (attempt->value) co_return std::move(*attempt->value);
        attempt->is_given_up = true;
        ++*given_up_;
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return base::Error(base::Kind::cancelled, "cancelled");
        co_return base::Error(base::Kind::timeout, "no answer for " + base::format_duration(limit));
    }

private:
    asio::thread_pool::executor_type executor() {
        if (!pool_) pool_ = make_pool();
        return pool_->get_executor();
    }

    /// Its threads take no signals: those are for the loop's.
    std::unique_ptr<asio::thread_pool> make_pool() const {
        const base::BlockedSignals blocked;
        return std::make_unique<asio::thread_pool>(threads_);
    }

    std::size_t threads_;
    /// Of works whose callers did not wait for them, and which have not ended. The loop's.
    std::shared_ptr<std::size_t> given_up_ = std::make_shared<std::size_t>(0);
    std::unique_ptr<asio::thread_pool> pool_;
};

}  // namespace async
