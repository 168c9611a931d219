#include <catch2/catch.hpp>
#include <future>

#include "async/blocking.hpp"
#include "async/notice.hpp"
#include "async/task_group.hpp"
#include "support/run.hpp"

using namespace std::chrono_literals;
using namespace async;

namespace {

Task<> count_until_cancelled(int& ends) {
    co_await forever();
    ++ends;
}

Task<> fail() {
    co_await sleep_for(0s);
    throw std::runtime_error("a bug");
}

Task<> raise_later(Notice& notice) {
    co_await sleep_for(1ms);
    notice.raise();
}

Task<base::Result<int>> answer_after(SteadyClock::duration pause) {
    co_await sleep_for(pause);
    co_return 42;
}

}  // namespace

TEST_CASE("a group ends and joins its tasks", "[async]") {
    asio::io_context context;
    TaskGroup group(context.get_executor());
    int ends = 0;
    for (int i = 0; i < 3; ++i) group.spawn("counter", count_until_cancelled(ends));
    context.poll();
    CHECK(group.size() == 3);
    support::run(context, support::ended(group));
    CHECK(group.size() == 0);
    CHECK(ends == 3);
}

TEST_CASE("a task that throws does not take the others along", "[async]") {
    asio::io_context context;
    TaskGroup group(context.get_executor());
    int ends = 0;
    group.spawn("broken", fail());
    group.spawn("counter", count_until_cancelled(ends));
    CHECK(support::eventually(context, [&] { return group.size() == 1; }));
    support::run(context, support::ended(group));
    CHECK(ends == 1);
}

TEST_CASE("a notice raised before the wait is not lost, and stays raised", "[async]") {
    asio::io_context context;
    Notice notice(context.get_executor());
    notice.raise();
    support::run(context, notice.raised());
    support::run(context, notice.raised());
    notice.clear();
    TaskGroup group(context.get_executor());
    group.spawn("raise", raise_later(notice));
    support::run(context, notice.raised());
    CHECK(notice.is_raised());
}

TEST_CASE("a time limit is an error of its own kind", "[async]") {
    asio::io_context context;
    CHECK(*support::run(context, with_timeout(20s, answer_after(0s))) == 42);
    const auto late = support::run(context, with_timeout(1ms, answer_after(1h)));
    REQUIRE_FALSE(late);
    CHECK(late.error().kind() == base::Kind::timeout);
}

TEST_CASE("a pause of any length is possible", "[async]") {
    asio::io_context context;
    TaskGroup group(context.get_executor());
    group.spawn("very long", sleep_for(SteadyClock::duration::max()));
    context.run_for(1ms);
    CHECK(group.size() == 1);
    support::run(context, support::ended(group));
}

TEST_CASE("blocking work runs beside the loop and comes back as a value", "[async]") {
    asio::io_context context;
    BlockingPool pool;
    const std::thread::id loop = std::this_thread::get_id();
    std::thread::id worker;
    const std::string text = "kept";
    const auto length = support::run(context, pool.run([&] {
        worker = std::this_thread::get_id();
        return text.size();
    }));
    CHECK(length == 4);
    const bool is_beside = worker != loop;
    CHECK(is_beside);
}

TEST_CASE("blocking work that does not end is given up, and no more is begun until it has ended", "[async]") {
    asio::io_context context;
    BlockingPool pool;
    auto held = std::make_shared<std::promise<int>>();
    const std::function<base::Result<int>()> wait = [held] { return held->get_future().get(); };
    const std::function<base::Result<int>()> add = [] { return 2; };
    CHECK(support::run(context, pool.run_within(support::kLimit, add)).value() == 2);
    const auto late = support::run(context, pool.run_within(1ms, wait));
    REQUIRE_FALSE(late);
    CHECK(late.error().kind() == base::Kind::timeout);
    const auto next = support::run(context, pool.run_within(support::kLimit, add));
    REQUIRE_FALSE(next);
    CHECK(next.error().kind() == base::Kind::timeout);
    held->set_value(1);
    CHECK(support::eventually(
        context, [&] { return static_cast<bool>(support::run(context, pool.run_within(support::kLimit, add))); }));
}

TEST_CASE("who waits for blocking work that may never end can be cancelled", "[async]") {
    asio::io_context context;
    std::promise<int> held;
    BlockingPool pool;
    TaskGroup group(context.get_executor());
    base::Result<int> answer = 0;
    const auto wait = [](BlockingPool& with, std::promise<int>& on, base::Result<int>& out) -> Task<> {
        const std::function<base::Result<int>()> work = [&on] { return on.get_future().get(); };
        out = co_await with.run_within(support::kLimit, work);
    };
    group.spawn("waits", wait(pool, held, answer));
    context.poll();
    support::run(context, support::ended(group));
    REQUIRE_FALSE(answer);
    CHECK(answer.error().kind() == base::Kind::cancelled);
    held.set_value(1);
}

TEST_CASE("a task that has done blocking work can still be cancelled", "[async]") {
    asio::io_context context;
    BlockingPool pool;
    TaskGroup group(context.get_executor());
    const auto work_and_wait = [](BlockingPool& with) -> Task<> {
        co_await with.run([] { return 1; });
        co_await forever();
    };
    group.spawn("works and waits", work_and_wait(pool));
    support::run(context, pool.run([] { return 2; }));  // after it, on the pool's one thread
    support::run(context, support::ended(group));
    CHECK(group.size() == 0);
}
