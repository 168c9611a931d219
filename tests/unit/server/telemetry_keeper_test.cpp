// The queue in front of the store: what is sent away, what is said of it, and who hears of what has come.
#include "server/telemetry_keeper.hpp"

#include <latch>

#include "base/log.hpp"
#include "support/run.hpp"
#include "unit/server/otlp_rig.hpp"

using namespace server_test;
namespace asio = async::asio;
using server::Signal;
using support::run;

namespace {

struct Keeping {
    Keeping() {
        base::log::listen(
            [this](base::log::Level, std::string_view event, const base::log::Fields&) { events.emplace_back(event); });
    }
    ~Keeping() { base::log::listen({}); }

    asio::io_context io;
    std::vector<std::string> events;
    std::vector<base::Uuid> news;
    server::TelemetryKeeper keeper{io.get_executor(), std::move(*server::TelemetryStore::open(":memory:", {})),
                                   [](const base::Uuid& uid) { return uid == kUid; },
                                   [this](const base::Uuid& uid, Signal) { news.push_back(uid); }};
};

std::string one_span(int number = 1) {
    Spans spans;
    spans.add(number, 0, "x");
    return spans.bytes();
}

using Outcomes = std::vector<std::optional<base::Kind>>;  ///< Nothing: kept.

async::Task<> send(server::TelemetryKeeper& keeper, std::string bytes, Outcomes& outcomes) {
    const auto taken = co_await keeper.take(Signal::traces, std::move(bytes));
    outcomes.push_back(taken ? std::nullopt : std::optional(taken.error().kind()));
}

async::Task<> hold(server::TelemetryKeeper& keeper, std::latch& begun, std::latch& latch) {
    const auto wait = [&](server::TelemetryStore&) -> base::Result<int> {
        begun.count_down();
        return latch.wait(), 0;
    };
    const auto held = co_await keeper.ask(wait);
    CHECK(held);
}

/// What becomes of `requests` that come while the store is busy, which it is until so many of them were sent away.
async::Task<Outcomes> queue(Keeping& keeping, std::vector<std::string> requests, std::size_t sent_away, bool stops) {
    Outcomes outcomes;
    std::latch begun(1), latch(1);
    async::TaskGroup group(co_await asio::this_coro::executor);
    group.spawn("hold", hold(keeping.keeper, begun, latch));
    while (!begun.try_wait()) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    for (std::string& bytes : requests) group.spawn("send", send(keeping.keeper, std::move(bytes), outcomes));
    while (outcomes.size() < sent_away) co_await asio::post(co_await asio::this_coro::executor, asio::use_awaitable);
    if (stops) keeping.keeper.stop();
    latch.count_down();
    co_await group.joined();
    co_return outcomes;
}

async::Task<> tell_of_many(Keeping& keeping) {
    server::TelemetryKeeper& keeper = keeping.keeper;
    otlp_pb::ExportLogsServiceRequest request;
    for (int i = 0; i < 5000; ++i) {
        const auto uid = i == 4999 ? kUid : base::Uuid::v7(at(i));
        Records records(uid.text());
        records.add(0, "x");
        *request.add_resource_logs() = records.request.resource_logs(0);
    }
    const std::string bytes = request.SerializeAsString();
    const auto taken = co_await keeper.take(Signal::logs, bytes);
    CHECK(taken);
}

}  // namespace

TEST_CASE("what has not begun to be kept when the server stops is sent away", "[server][telemetry]") {
    Keeping keeping;
    CHECK(run(keeping.io, queue(keeping, {one_span(1), one_span(2)}, 0, true)) == Outcomes(2, base::Kind::cancelled));
    const auto ask = [](server::TelemetryStore& store) -> base::Result<std::int64_t> { return store.totals().spans; };
    const auto asked = run(keeping.io, keeping.keeper.ask(ask));
    REQUIRE_FALSE(asked);
    CHECK(asked.error().kind() == base::Kind::cancelled);
    CHECK(keeping.events.empty());
}

TEST_CASE("the log says once that more comes than can be kept up with, until it could be", "[server][telemetry]") {
    Keeping keeping;
    for (std::size_t times = 1; times < 3; ++times) {
        const auto outcomes = run(keeping.io, queue(keeping, std::vector(300, one_span()), 44, false));
        CHECK(std::count(outcomes.begin(), outcomes.end(), base::Kind::timeout) == 300 - 256);
        CHECK(keeping.events == std::vector<std::string>(times, "telemetry.overloaded"));
        Outcomes later;
        run(keeping.io, send(keeping.keeper, one_span(), later));
        CHECK(later == Outcomes(1));
    }
}

TEST_CASE("news of an agent are not lost among those of others who claim to be agents", "[server][telemetry]") {
    Keeping keeping;
    run(keeping.io, tell_of_many(keeping));
    async::TaskGroup group(keeping.io.get_executor());
    group.spawn("news", keeping.keeper.tell_news());
    CHECK(support::eventually(keeping.io, [&] { return !keeping.news.empty(); }));
    run(keeping.io, support::ended(group));
    CHECK(keeping.news == std::vector{kUid});
}
