#include "demo/traceparent.hpp"

#include <catch2/catch.hpp>

namespace {
const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpan = "00f067aa0ba902b7";
}  // namespace

TEST_CASE("a valid traceparent names its trace and the span that sent it", "[demo]") {
    const demo::TraceParent sampled{kTrace, kSpan, true};
    CHECK(demo::parse_traceparent("00-" + kTrace + "-" + kSpan + "-01") == sampled);
    CHECK(demo::parse_traceparent("00-" + kTrace + "-" + kSpan + "-03") == sampled);
    CHECK(demo::parse_traceparent("00-" + kTrace + "-" + kSpan + "-00") == demo::TraceParent{kTrace, kSpan, false});
    CHECK(demo::parse_traceparent("cc-" + kTrace + "-" + kSpan + "-01-what.the.future.brings") == sampled);
    CHECK(demo::format_traceparent(sampled) == "00-" + kTrace + "-" + kSpan + "-01");
}

TEST_CASE("what is not a valid traceparent is none", "[demo]") {
    const auto header = GENERATE_COPY(values<std::string>({
        "",
        "00",
        "00-" + kTrace + "-" + kSpan,
        "00-" + kTrace + "-" + kSpan + "-1",
        "00-" + kTrace + "-" + kSpan + "-01-more",
        "cc-" + kTrace + "-" + kSpan + "-01.more",
        "ff-" + kTrace + "-" + kSpan + "-01",
        "0g-" + kTrace + "-" + kSpan + "-01",
        "00-" + kTrace + "-" + kSpan + "-0x",
        "00_" + kTrace + "-" + kSpan + "-01",
        "00-" + std::string(32, '0') + "-" + kSpan + "-01",
        "00-" + kTrace + "-" + std::string(16, '0') + "-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kSpan + "-01",
    }));
    CAPTURE(header);
    CHECK(demo::parse_traceparent(header) == std::nullopt);
}

TEST_CASE("a span continues the trace it came with, else it begins one", "[demo]") {
    const demo::TraceParent incoming{kTrace, kSpan, false};
    const auto child = demo::new_span(incoming);
    CHECK(child.trace_id == kTrace);
    CHECK(child.span_id != kSpan);
    const auto root = demo::new_span(std::nullopt);
    CHECK(root.trace_id != demo::new_span(std::nullopt).trace_id);
    CHECK(demo::parse_traceparent(demo::format_traceparent(root)) == root);
}
