// Running coroutines and waiting for conditions in tests.
#pragma once

#include <catch2/catch.hpp>
#include <exception>
#include <optional>

#include "async/task_group.hpp"

namespace support {

/// Generous: it only ends a test that has already failed.
inline constexpr std::chrono::seconds kLimit{30};

/// Runs `task` to its end, whatever else runs on; what it throws is thrown here.
inline void run(async::asio::io_context& context, async::Task<void> task) {
    bool done = false;
    std::exception_ptr failure;
    async::asio::co_spawn(context, std::move(task), [&](std::exception_ptr e) {
        failure = e;
        done = true;
        context.stop();
    });
    context.restart();
    context.run_for(kLimit);
    if (failure) std::rethrow_exception(failure);
    if (!done) throw std::runtime_error("the task did not end in time");
}

template <typename T>
async::Task<> keep(async::Task<T> task, std::optional<T>& value) {
    value.emplace(co_await std::move(task));
}

/// The same, with the task's value.
template <typename T>
T run(async::asio::io_context& context, async::Task<T> task) {
    std::optional<T> value;
    run(context, keep(std::move(task), value));
    return std::move(*value);
}

/// Ends the group's tasks on the loop, where cancelling belongs, and joins them.
inline async::Task<> ended(async::TaskGroup& group) {
    group.cancel();
    co_await group.joined();
}

/// True as soon as `condition` is; false when it is not within the limit.
template <typename Condition>
bool eventually(async::asio::io_context& context, Condition condition) {
    const auto end = async::SteadyClock::now() + kLimit;
    while (!condition()) {
        if (async::SteadyClock::now() > end) return false;
        context.restart();
        context.run_for(std::chrono::milliseconds(1));
    }
    return true;
}

}  // namespace support
