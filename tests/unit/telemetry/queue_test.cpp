#include "telemetry/queue.hpp"

#include <catch2/catch.hpp>

#include "telemetry/records.hpp"

using telemetry::footprint;
using telemetry::LogRecord;
using telemetry::Queue;
using telemetry::SpanRecord;

namespace {

LogRecord record_of(int number, std::size_t body_bytes = 0) {
    LogRecord record;
    record.time_unix_nano = static_cast<std::uint64_t>(number);
    record.body = std::string(body_bytes, 'x');
    return record;
}

}  // namespace

TEST_CASE("records come out in the order in which they went in", "[telemetry][queue]") {
    Queue<LogRecord> queue({10, 1 << 20});
    for (int i = 0; i < 5; ++i) CHECK(queue.push(record_of(i)));
    const auto first = queue.take(2), rest = queue.take(100);
    REQUIRE(first.size() == 2);
    REQUIRE(rest.size() == 3);
    CHECK(first[0].time_unix_nano == 0);
    CHECK(first[1].time_unix_nano == 1);
    CHECK(rest[2].time_unix_nano == 4);
    CHECK(queue.take(1).empty());
    CHECK(queue.size() == 0);
    CHECK(queue.dropped() == 0);
}

TEST_CASE("a queue that is full by number drops and counts", "[telemetry][queue]") {
    Queue<LogRecord> queue({3, 1 << 20});
    for (int i = 0; i < 5; ++i) CHECK(queue.push(record_of(i)) == (i < 3));
    CHECK(queue.size() == 3);
    CHECK(queue.dropped() == 2);
    CHECK(queue.take(1).size() == 1);
    CHECK(queue.push(record_of(5)));
    CHECK_FALSE(queue.push(record_of(6)));
    CHECK(queue.take(9).back().time_unix_nano == 5);
}

TEST_CASE("a queue that is full by size drops and counts, and has all its room again", "[telemetry][queue]") {
    const std::size_t each = footprint(record_of(0, 1000));
    Queue<LogRecord> queue({1000, 3 * each});
    for (int round = 0; round < 3; ++round) {
        CAPTURE(round);
        for (int i = 0; i < 5; ++i) CHECK(queue.push(record_of(i, 1000)) == (i < 3));
        CHECK(queue.take(100).size() == 3);
    }
    CHECK(queue.dropped() == 6);
    CHECK_FALSE(queue.push(record_of(0, 4 * each)));
    CHECK(queue.push(record_of(0)));
}

TEST_CASE("a queue without room takes nothing", "[telemetry][queue]") {
    Queue<LogRecord> queue({0, 1 << 20});
    CHECK_FALSE(queue.push(record_of(0)));
    CHECK(queue.dropped() == 1);
}

TEST_CASE("a footprint counts each part that a peer can make large", "[telemetry][queue]") {
    constexpr std::size_t kLarge = 5000;
    const std::string large(kLarge, 'x');
    const SpanRecord empty;
    const auto grown = [&](const auto& change) {
        SpanRecord record;
        change(record);
        return footprint(record) - footprint(empty);
    };
    CHECK(grown([&](SpanRecord& r) { r.name = large; }) >= kLarge);
    CHECK(grown([&](SpanRecord& r) { r.status_message = large; }) >= kLarge);
    CHECK(grown([&](SpanRecord& r) { r.context.trace_state = large; }) >= kLarge);
    CHECK(grown([&](SpanRecord& r) { telemetry::set(r.attributes, "a", large); }) >= kLarge);
    CHECK(grown([&](SpanRecord& r) { telemetry::set(r.attributes, large, true); }) >= kLarge);
    CHECK(grown([&](SpanRecord& r) { r.events.push_back({0, large, {}}); }) >= kLarge);
    CHECK(grown([&](SpanRecord& r) { r.events.push_back({0, "", {{"a", large}}}); }) >= kLarge);
    CHECK(grown([&](SpanRecord& r) { r.links.push_back({{}, {}, false, false, large}); }) >= kLarge);
    CHECK(grown([&](SpanRecord& r) { r.events.resize(10); }) >= 10 * sizeof(telemetry::SpanEvent));
    CHECK(footprint(empty) >= sizeof empty);

    LogRecord log;
    log.event_name = log.body = large;
    telemetry::set(log.attributes, "a", large);
    CHECK(footprint(log) >= 3 * kLarge + sizeof log);
}
