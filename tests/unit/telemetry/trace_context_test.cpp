#include "telemetry/trace_context.hpp"

#include <catch2/catch.hpp>

using telemetry::Carrier;
using telemetry::extract;
using telemetry::extract_baggage;
using telemetry::inject;

namespace {

const std::string kTrace = "4bf92f3577b34da6a3ce929d0e0e4736";
const std::string kSpan = "00f067aa0ba902b7";
const std::string kParent = "00-" + kTrace + "-" + kSpan + "-01";

/// `count` members "N=N", or whatever `value` is, with commas between them.
std::string list_of(int count, const std::string& value = "v") {
    std::string list;
    for (int i = 0; i < count; ++i) list += (i > 0 ? ",k" : "k") + std::to_string(i) + "=" + value;
    return list;
}

std::string state_after(const std::string& state) {
    const auto context = extract({kParent, state, {}});
    REQUIRE(context);
    return context->trace_state;
}

}  // namespace

TEST_CASE("a traceparent names its trace, its span and whether it is sampled", "[telemetry][context]") {
    struct Row {
        const char* name;
        std::string header;
        bool is_sampled;
    };
    const std::string ids = kTrace + "-" + kSpan;
    const auto row = GENERATE_COPY(values<Row>({
        {"sampled", "00-" + ids + "-01", true},
        {"not sampled", "00-" + ids + "-00", false},
        {"other flags beside", "00-" + ids + "-ff", true},
        {"other flags alone", "00-" + ids + "-fe", false},
        {"random and not sampled", "00-" + ids + "-02", false},
        {"a later version", "01-" + ids + "-01", true},
        {"a later version with more fields", "cc-" + ids + "-01-what-the.future_brings", true},
        {"a later version with an empty field", "cc-" + ids + "-01-", true},
        {"the last version", "fe-" + ids + "-00", false},
    }));
    DYNAMIC_SECTION(row.name) {
        const auto context = extract({row.header, {}, {}});
        REQUIRE(context);
        CHECK(context->trace_id.hex() == kTrace);
        CHECK(context->span_id.hex() == kSpan);
        CHECK(context->is_sampled == row.is_sampled);
        CHECK(context->is_remote);
        CHECK(context->is_valid());
    }
}

TEST_CASE("what is not a valid traceparent begins no span, whatever tracestate says", "[telemetry][context]") {
    const auto header = GENERATE_COPY(values<std::string>({
        "",
        "00",
        "00-" + kTrace + "-" + kSpan,
        "00-" + kTrace + "-" + kSpan + "-",
        "00-" + kTrace + "-" + kSpan + "-1",
        kParent + "-",
        kParent + "-more",
        kParent + " ",
        " " + kParent,
        kParent + "," + kParent,
        "cc-" + kTrace + "-" + kSpan + "-01.more",
        "cc-" + kTrace + "-" + kSpan + "-012",
        "ff-" + kTrace + "-" + kSpan + "-01",
        "0g-" + kTrace + "-" + kSpan + "-01",
        "0A-" + kTrace + "-" + kSpan + "-01",
        "00-" + kTrace + "-" + kSpan + "-0x",
        "00-" + kTrace + "-" + kSpan + "-0A",
        "00_" + kTrace + "-" + kSpan + "-01",
        "00-" + kTrace + "_" + kSpan + "-01",
        "00-" + kTrace + "-" + kSpan + "_01",
        "000-" + kTrace.substr(1) + "-" + kSpan + "-01",
        "00-" + std::string(32, '0') + "-" + kSpan + "-01",
        "00-" + kTrace + "-" + std::string(16, '0') + "-01",
        "00-" + kTrace.substr(2) + "-" + kSpan + "00-01",
        "00-4BF92F3577B34DA6A3CE929D0E0E4736-" + kSpan + "-01",
        "00-" + kTrace + "-00F067AA0BA902B7-01",
        "00-" + kTrace.substr(0, 31) + "g-" + kSpan + "-01",
        std::string(55, '\0'),
    }));
    CAPTURE(header);
    CHECK(extract({header, "a=b", {}}) == std::nullopt);
}

TEST_CASE("a valid tracestate is handed on as it came", "[telemetry][context]") {
    const auto state = GENERATE_COPY(values<std::string>({
        "",
        "rojo=00f067aa0ba902b7,congo=t61rcWkgMzE",
        "a=1, b=2 ,\tc=3\t",
        "a=1,,b=2,",
        "1a-_*/=x",
        "tenant@system=x",
        "a= with blanks ",
        "a=!\"#$%&'()*+-./:;<>?@[]^_`{|}~",
        "same=1,same=2",
        list_of(32),
        "a" + std::string(255, 'z') + "=1",
        "a=" + std::string(256, 'z'),
    }));
    CAPTURE(state);
    CHECK(state_after(state) == state);
}

TEST_CASE("a tracestate that is not valid is left out, and the trace goes on", "[telemetry][context]") {
    const auto state = GENERATE_COPY(values<std::string>({
        "a",
        "=1",
        "a=",
        "a=1,b",
        "A=1",
        "_a=1",
        "@a=1",
        "a b=1",
        "a =1",
        "a=1=2",
        "a=\x01",
        "a=1\r\nX-Header: 2",
        "a=\xc3\xa9",
        "a=b\tc",
        list_of(33),
        "a" + std::string(256, 'z') + "=1",
        "a=" + std::string(257, 'z'),
        list_of(32, std::string(200, 'v')),
    }));
    CAPTURE(state);
    CHECK(state_after(state).empty());
}

TEST_CASE("baggage is handed on as it came, unless it is over its limits or none", "[telemetry][context]") {
    struct Row {
        std::string baggage;
        bool is_kept;
    };
    const auto row = GENERATE_COPY(values<Row>({
        {"", true},
        {"user=1,server=DF%2028", true},
        {"user = 1 ; property ; other=2,\tserver=x", true},
        {"empty=", true},
        {"a=b=c", true},
        {list_of(180), true},
        {list_of(181), false},
        {"a=" + std::string(8190, 'x'), true},
        {"a=" + std::string(8191, 'x'), false},
        {"a", false},
        {"=1", false},
        {" =1", false},
        {"a;b=1", false},
        {"a b=1", false},
        {"a=1,b", false},
        {"a=1\r\nX-Header: 2", false},
        {"a=\xc3\xa9", false},
        {std::string("a=\0", 3), false},
    }));
    CAPTURE(row.baggage);
    CHECK(extract_baggage({{}, {}, row.baggage}) == (row.is_kept ? row.baggage : ""));
}

TEST_CASE("what is sent is what a receiver reads", "[telemetry][context]") {
    const Carrier incoming{kParent, "a=1,b=2", "user=1"};
    const auto context = extract(incoming);
    REQUIRE(context);
    CHECK(inject(*context, extract_baggage(incoming)) == incoming);

    telemetry::SpanContext own{telemetry::new_trace_id(), telemetry::new_span_id(), false, false, {}};
    const Carrier sent = inject(own);
    CHECK(sent.traceparent == "00-" + own.trace_id.hex() + "-" + own.span_id.hex() + "-00");
    CHECK(sent.tracestate.empty());
    CHECK(sent.baggage.empty());
    own.is_remote = true;
    CHECK(extract(sent) == own);
}
