#include "telemetry/tracer.hpp"

#include <catch2/catch.hpp>

#include "base/units.hpp"

using telemetry::find;
using telemetry::SamplerSettings;
using telemetry::Span;
using telemetry::SpanContext;
using telemetry::SpanKind;
using telemetry::SpanRecord;
using telemetry::SpanStatus;
using telemetry::Value;

namespace {

struct Rig final : telemetry::SpanSink {
    void take(SpanRecord span) override { taken.push_back(std::move(span)); }
    const SpanRecord& only() const {
        REQUIRE(taken.size() == 1);
        return taken[0];
    }
    std::vector<SpanRecord> taken;
    telemetry::Tracer tracer{*this};
};

SpanContext remote(bool is_sampled) {
    return {telemetry::new_trace_id(), telemetry::new_span_id(), is_sampled, true, "vendor=1"};
}

template <typename T>
bool has(const telemetry::Attributes& attributes, const char* name, const T& value) {
    const Value* found = find(attributes, name);
    return found && *found == Value(value);
}

}  // namespace

TEST_CASE("a span that has ended is a record of all that was said", "[telemetry][tracer]") {
    Rig rig;
    const std::uint64_t before = base::unix_nano_now();
    Span span = rig.tracer.start("apply config", {}, {SpanKind::consumer, 0});
    const SpanContext context = span.context();
    CHECK(context.is_valid());
    CHECK(context.is_sampled);
    CHECK_FALSE(context.is_remote);
    CHECK(span.is_recording());
    span.set("text", "a");
    span.set("number", 7u);
    span.set("fraction", 0.5);
    span.set("yes", true);
    span.set("text", std::string("b"));
    span.add_event("stopped", {{"pid", std::int64_t{4711}}});
    span.add_link(remote(true));
    span.add_link(SpanContext{});
    span.succeed();
    CHECK(rig.taken.empty());
    span.end();

    const SpanRecord& record = rig.only();
    CHECK(record.context == context);
    CHECK_FALSE(record.parent_span_id.is_valid());
    CHECK_FALSE(record.has_remote_parent);
    CHECK(record.name == "apply config");
    CHECK(record.kind == SpanKind::consumer);
    CHECK(record.start_time_unix_nano >= before);
    CHECK(record.end_time_unix_nano >= record.start_time_unix_nano);
    CHECK(record.attributes.size() == 4);
    CHECK(has(record.attributes, "text", std::string("b")));
    CHECK(has(record.attributes, "number", std::int64_t{7}));
    CHECK(has(record.attributes, "fraction", 0.5));
    CHECK(has(record.attributes, "yes", true));
    REQUIRE(record.events.size() == 1);
    CHECK(record.events[0].name == "stopped");
    CHECK(record.events[0].time_unix_nano >= record.start_time_unix_nano);
    CHECK(has(record.events[0].attributes, "pid", std::int64_t{4711}));
    CHECK(record.links.size() == 1);
    CHECK(record.status == SpanStatus::ok);
}

TEST_CASE("children are in their parent's trace", "[telemetry][tracer]") {
    Rig rig;
    const SpanContext from = remote(true);
    Span outer = rig.tracer.start("outer", from);
    Span inner = rig.tracer.start("inner", outer.context());
    const SpanContext outer_context = outer.context();
    inner.end();
    outer.end();
    REQUIRE(rig.taken.size() == 2);
    CHECK(rig.taken[0].parent_span_id == outer_context.span_id);
    CHECK_FALSE(rig.taken[0].has_remote_parent);
    CHECK(rig.taken[1].parent_span_id == from.span_id);
    CHECK(rig.taken[1].has_remote_parent);
    for (const SpanRecord& record : rig.taken) {
        CHECK(record.context.trace_id == from.trace_id);
        CHECK(record.context.trace_state == "vendor=1");
    }
}

TEST_CASE("a parent that is not valid is none", "[telemetry][tracer]") {
    Rig rig;
    SpanContext half;
    half.span_id = telemetry::new_span_id();
    half.is_sampled = half.is_remote = true;
    rig.tracer.start("alone", half).end();
    CHECK_FALSE(rig.only().parent_span_id.is_valid());
    CHECK_FALSE(rig.only().has_remote_parent);
    CHECK(rig.only().context.is_valid());
}

TEST_CASE("a span ends once: by its end, its object, or what is moved over it", "[telemetry][tracer]") {
    Rig rig;
    SECTION("ended twice") {
        Span span = rig.tracer.start("one");
        span.end();
        CHECK_FALSE(span);
        CHECK_FALSE(span.context().is_valid());
        span.set("late", 1);
        span.add_event("late");
        span.fail("late");
        span.end_at(1);
        span.end();
        CHECK(rig.only().attributes.empty());
        CHECK(rig.only().status == SpanStatus::unset);
    }
    SECTION("with its object") {
        { const Span span = rig.tracer.start("one"); }
        CHECK(rig.only().name == "one");
    }
    SECTION("moved") {
        Span first = rig.tracer.start("one");
        const SpanContext context = first.context();
        Span second(std::move(first));
        CHECK_FALSE(first);  // NOLINT(bugprone-use-after-move): what it is then is promised
        CHECK(second.context() == context);
        first.end();
        CHECK(rig.taken.empty());
        second.end();
        CHECK(rig.only().context == context);
    }
    SECTION("another one moved over it") {
        Span span = rig.tracer.start("one");
        span = rig.tracer.start("two");
        CHECK(rig.only().name == "one");
        span.end();
        CHECK(rig.taken.size() == 2);
    }
    SECTION("moved over itself it goes on") {
        Span span = rig.tracer.start("one");
        Span& same = span;
        span = std::move(same);
        CHECK(span.is_recording());
        CHECK(rig.taken.empty());
        span.end();
        CHECK(rig.only().name == "one");
    }
    SECTION("discarded") {
        Span span = rig.tracer.start("one");
        span.discard();
        CHECK_FALSE(span);
        span.end();
        CHECK(rig.taken.empty());
    }
}

TEST_CASE("a span that never was records nothing, and its children begin traces", "[telemetry][tracer]") {
    Rig rig;
    Span none;
    CHECK_FALSE(none);
    CHECK_FALSE(none.is_recording());
    none.set("a", 1);
    none.add_event("b");
    none.add_link(remote(true));
    none.fail("c");
    none.succeed();
    none.end();
    CHECK(rig.taken.empty());
    rig.tracer.start("child", none.context()).end();
    CHECK_FALSE(rig.only().parent_span_id.is_valid());
}

TEST_CASE("an error stays, and a long one is cut", "[telemetry][tracer]") {
    Rig rig;
    Span span = rig.tracer.start("one");
    span.succeed();
    span.fail(std::string(2 * telemetry::kLongestText, 'x'));
    span.succeed();
    span.end();
    CHECK(rig.only().status == SpanStatus::error);
    CHECK(rig.only().status_message == std::string(telemetry::kLongestText, 'x') + "…");
}

TEST_CASE("what a span can hold is bounded, and what is dropped is counted", "[telemetry][tracer]") {
    Rig rig;
    Span span = rig.tracer.start("one");
    for (std::size_t i = 0; i < telemetry::kMostAttributes + 3; ++i) span.set("a" + std::to_string(i), i);
    span.set("a0", "still there");
    for (std::size_t i = 0; i < telemetry::kMostEvents + 2; ++i) span.add_event("e");
    for (std::size_t i = 0; i < telemetry::kMostLinks + 1; ++i) span.add_link(remote(true));
    span.end();
    const SpanRecord& record = rig.only();
    CHECK(record.attributes.size() == telemetry::kMostAttributes);
    CHECK(record.dropped_attributes == 3);
    CHECK(has(record.attributes, "a0", std::string("still there")));
    CHECK(record.events.size() == telemetry::kMostEvents);
    CHECK(record.dropped_events == 2);
    CHECK(record.links.size() == telemetry::kMostLinks);
    CHECK(record.dropped_links == 1);
}

TEST_CASE("a long text is cut at a character", "[telemetry][tracer]") {
    Rig rig;
    Span span = rig.tracer.start("one");
    const std::string text = std::string(telemetry::kLongestText - 1, 'x') + "é";
    span.set("text", text);
    span.add_event("event", {{"text", text}});
    span.end();
    const std::string cut = std::string(telemetry::kLongestText - 1, 'x') + "…";
    CHECK(has(rig.only().attributes, "text", cut));
    CHECK(has(rig.only().events[0].attributes, "text", cut));
}

TEST_CASE("a span whose clock was set back has no negative length", "[telemetry][tracer]") {
    Rig rig;
    rig.tracer.start("one", {}, {SpanKind::internal, 5000}).end_at(4000);
    CHECK(rig.only().start_time_unix_nano == 5000);
    CHECK(rig.only().end_time_unix_nano == 5000);
}

TEST_CASE("a span that is not sampled has its place in the trace, and nothing is kept", "[telemetry][tracer]") {
    Rig rig;
    rig.tracer.set_sampler({SamplerSettings::Kind::always_off, 1, 0, true});
    Span span = rig.tracer.start("one");
    CHECK(span);
    CHECK_FALSE(span.is_recording());
    CHECK_FALSE(span.context().is_sampled);
    rig.tracer.set_sampler({});
    Span child = rig.tracer.start("child of it", span.context());
    CHECK_FALSE(child.is_recording());
    CHECK(child.context().trace_id == span.context().trace_id);
    CHECK(child.context().span_id != span.context().span_id);
    child.end();
    span.end();
    CHECK(rig.taken.empty());
}

TEST_CASE("a tracer that is off lets a trace through as it came", "[telemetry][tracer]") {
    Rig rig;
    rig.tracer.set_enabled(false);
    const SpanContext from = remote(true);
    Span span = rig.tracer.start("one", from);
    CHECK_FALSE(span.is_recording());
    CHECK(span.context() == from);
    Span alone = rig.tracer.start("two");
    CHECK(alone);
    CHECK_FALSE(alone.context().is_sampled);
    CHECK_FALSE(alone.is_recording());

    rig.tracer.set_enabled(true);
    rig.tracer.start("child", span.context()).end();
    CHECK(rig.only().parent_span_id == from.span_id);
    CHECK(rig.only().has_remote_parent);
    CHECK_FALSE(rig.tracer.start("child of what is not recorded", alone.context()).is_recording());
}
