// The file that telemetry is kept in: its bounds, its versions, and what becomes of one that is no good.
#include <sys/stat.h>

#include <filesystem>

#include "base/files.hpp"
#include "unit/server/telemetry_rig.hpp"

using namespace server_test;
using server::Signal;
using server::TelemetryStore;

namespace {

/// One span of a trace is kept in it.
void fill(const std::string& file) {
    Kept kept({}, file);
    Spans spans;
    spans.add(1, 0, "x");
    kept.take(Signal::traces, spans.bytes());
}

std::string content(const std::string& file) {
    return base::read_file(file).value();
}

}  // namespace

TEST_CASE("bytes are bounded over all signals, and counted again after a restart", "[server][telemetry]") {
    const support::TempFolder folder;
    const std::string file = folder / "sub" / "t";
    server::TelemetryLimits limits;
    limits.bytes = 200'000;
    server::TelemetryStore::Totals before;
    {
        Kept kept(limits, file);
        for (int i = 0; i < 100; ++i) {
            Spans spans;
            set_text(spans.add(1, 0, "x", trace_id(i)).mutable_attributes(), "k", std::string(4000, 'v'));
            kept.take(Signal::traces, spans.bytes());
            Records records;
            for (int j = 0; j < 10; ++j) records.add(j, std::string(1000, 'b'));
            kept.take(Signal::logs, records.bytes());
            Metrics metrics;
            metrics.gauge(std::string(1000, 'm') + std::to_string(i), 1);
            kept.take(Signal::metrics, metrics.bytes());
            CHECK(kept.store->totals().bytes() <= limits.bytes);
        }
        before = kept.store->totals();
        CHECK(before.trace_bytes > 50'000);
        CHECK(before.log_bytes > 50'000);
        CHECK(before.series_bytes > 50'000);
    }
    struct stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    {
        const Kept again(limits, file);
        CHECK(again.store->totals().bytes() == before.bytes());
        CHECK(again.store->totals().spans == before.spans);
    }
    limits.bytes = 10'000;
    const Kept smaller(limits, file);
    CHECK(smaller.store->totals().bytes() <= 10'000);
}

TEST_CASE("a file that is no good is set aside, and a new one begun", "[server][telemetry]") {
    const support::TempFolder folder;
    const std::string file = folder / "t";
    SECTION("no database at all") {
        REQUIRE(base::replace_file(file, "notes, notes, notes", 0600));
    }
    SECTION("of another version") {
        REQUIRE(server::Database::open(file)->execute("PRAGMA user_version = 99"));
    }
    SECTION("of another program") {
        REQUIRE(server::Database::open(file)->execute("CREATE TABLE notes (text); PRAGMA user_version = 2"));
    }
    SECTION("damaged behind its first page") {
        fill(file);
        std::string bytes = content(file);
        REQUIRE(bytes.size() > 4096);
        std::fill(bytes.begin() + 4096, bytes.end(), 'x');
        REQUIRE(base::replace_file(file, bytes, 0600));
    }
    const std::string before = content(file);
    fill(file);
    CHECK(Kept({}, file).store->totals().spans == 1);
    CHECK(content(file + ".damaged") == before);
}

TEST_CASE("a file that another server uses is left alone, and named", "[server][telemetry]") {
    const support::TempFolder folder;
    const std::string file = folder / "t";
    const Kept other({}, file);
    const auto store = TelemetryStore::open(file, {});
    REQUIRE_FALSE(store);
    CHECK(store.error().kind() == base::Kind::io);
    CHECK_THAT(store.error().text(), Catch::Contains(file) && Catch::Contains("locked"));
    CHECK_FALSE(std::filesystem::exists(file + ".damaged"));
}

TEST_CASE("a transaction that throws leaves nothing, and the next one goes on", "[server][telemetry]") {
    auto database = server::Database::open(":memory:");
    REQUIRE(database);
    REQUIRE(database->execute("CREATE TABLE t (n)"));
    const auto throws = [&]() -> base::Result<void> {
        REQUIRE(database->execute("INSERT INTO t VALUES (1)"));
        throw std::bad_alloc();
    };
    CHECK_THROWS_AS(database->transact(throws), std::bad_alloc);
    CHECK(database->transact([&] { return database->execute("INSERT INTO t VALUES (2)"); }));
    CHECK(*database->prepare("SELECT sum(n) FROM t")->one_number() == 2);
}
