// The names every coroutine uses, and the small pieces that Asio 1.81 lacks.
#pragma once

#include <boost/asio.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <chrono>
#include <utility>
#include <variant>

#include "base/result.hpp"

namespace async {

namespace asio = boost::asio;
using namespace asio::experimental::awaitable_operators;

template <typename T = void>
using Task = asio::awaitable<T>;

/// Completes with the error code as a value instead of a throw.
constexpr auto as_result = asio::as_tuple(asio::use_awaitable);

using SteadyClock = std::chrono::steady_clock;

/// Returns once `when` has come. Ends early, quietly, when cancelled.
Task<> sleep_until(SteadyClock::time_point when);
Task<> sleep_for(SteadyClock::duration duration);
/// Never returns by itself.
Task<> forever();

/// `task`, or an Error of Kind timeout once `limit` has passed.
template <typename T>
Task<base::Result<T>> with_timeout(SteadyClock::duration limit, Task<base::Result<T>> task) {
    auto end = co_await (std::move(task) || sleep_for(limit));
    if (end.index() == 0) co_return std::get<0>(std::move(end));
    co_return base::Error(base::Kind::timeout, "no answer within the time limit");
}

/// Whether a coroutine was asked to end: `is_cancelled(co_await asio::this_coro::cancellation_state)`, in a statement
/// of its own. Not a Task, because awaiting one throws in a cancelled coroutine.
inline bool is_cancelled(const asio::cancellation_state& state) {
    return state.cancelled() != asio::cancellation_type::none;
}

}  // namespace async
