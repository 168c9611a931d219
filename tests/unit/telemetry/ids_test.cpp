#include "telemetry/ids.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <thread>

using telemetry::SpanId;
using telemetry::TraceId;

TEST_CASE("an identity's text reads back as the same identity", "[telemetry][ids]") {
    const TraceId trace = telemetry::new_trace_id();
    CHECK(trace.hex().size() == 32);
    CHECK(TraceId::from_hex(trace.hex()) == trace);
    const SpanId span = telemetry::new_span_id();
    CHECK(span.hex().size() == 16);
    CHECK(SpanId::from_hex(span.hex()) == span);
    CHECK(SpanId::from_hex("00f067aa0ba902b7")->view() == std::string_view("\x00\xf0\x67\xaa\x0b\xa9\x02\xb7", 8));
}

TEST_CASE("what is not an identity is none", "[telemetry][ids]") {
    CHECK_FALSE(TraceId{}.is_valid());
    CHECK_FALSE(SpanId{}.is_valid());
    const auto text = GENERATE(values<std::string>({"", "00f067aa0ba902b", "00f067aa0ba902b70", "00F067aa0ba902b7",
                                                    "0x0067aa0ba902b7", " 0f067aa0ba902b7", "0000000000000000"}));
    CAPTURE(text);
    CHECK_FALSE(SpanId::from_hex(text));
}

TEST_CASE("identities are new, in every thread", "[telemetry][ids]") {
    constexpr int kMany = 20000;
    std::set<std::string> seen;
    const auto collect = [](std::set<std::string>& into) {
        for (int i = 0; i < kMany; ++i) {
            into.insert(telemetry::new_trace_id().hex());
            into.insert(telemetry::new_span_id().hex());
        }
    };
    std::set<std::string> elsewhere;
    std::thread other([&] { collect(elsewhere); });
    collect(seen);
    other.join();
    seen.merge(elsewhere);
    CHECK(elsewhere.empty());
    CHECK(seen.size() == 4 * kMany);
}
