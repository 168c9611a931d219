#include "telemetry/sampler.hpp"

#include <catch2/catch.hpp>
#include <cmath>

using telemetry::parse_sampler;
using telemetry::Sampler;
using telemetry::SamplerSettings;
using telemetry::SpanContext;
using telemetry::TraceId;
using Kind = SamplerSettings::Kind;
using namespace std::chrono_literals;

namespace {

Sampler::TimePoint now{};

Sampler make(const char* name, const char* argument = "") {
    const auto settings = parse_sampler(name, argument);
    REQUIRE(settings);
    return Sampler(*settings, [] { return now; });
}

SpanContext parent(bool is_sampled, bool is_remote) {
    return {telemetry::new_trace_id(), telemetry::new_span_id(), is_sampled, is_remote, {}};
}

/// How many of `count` new traces are sampled at this moment.
int sampled_of(Sampler& sampler, int count) {
    int sampled = 0;
    for (int i = 0; i < count; ++i) sampled += sampler.is_sampled(telemetry::new_trace_id(), nullptr) ? 1 : 0;
    return sampled;
}

TraceId last_bytes(const char* hex) {
    return *TraceId::from_hex(std::string("00000000000000010") + "0" + hex);
}

}  // namespace

TEST_CASE("every name of a sampler is read, and its text reads as the same", "[telemetry][sampler]") {
    struct Row {
        const char* name;
        const char* argument;
        SamplerSettings settings;
        const char* text;
    };
    const auto row = GENERATE(values<Row>({
        {"always_on", "", {Kind::always_on, 1, 0, false}, "always_on"},
        {"always_off", "", {Kind::always_off, 1, 0, false}, "always_off"},
        {"always_on", "no argument of its", {Kind::always_on, 1, 0, false}, "always_on"},
        {"traceidratio", "", {Kind::ratio, 1, 0, false}, "traceidratio 1"},
        {"traceidratio", "0.25", {Kind::ratio, 0.25, 0, false}, "traceidratio 0.25"},
        {"traceidratio", "0.123456789", {Kind::ratio, 0.123456789, 0, false}, "traceidratio 0.123456789"},
        {"traceidratio", "0", {Kind::ratio, 0, 0, false}, "traceidratio 0"},
        {"rate_limited", "5", {Kind::rate_limited, 1, 5, false}, "rate_limited 5"},
        {"rate_limited", "0.1", {Kind::rate_limited, 1, 0.1, false}, "rate_limited 0.1"},
        {"parentbased_always_on", "", {Kind::always_on, 1, 0, true}, "parentbased_always_on"},
        {"parentbased_always_off", "", {Kind::always_off, 1, 0, true}, "parentbased_always_off"},
        {"parentbased_traceidratio", "1e-3", {Kind::ratio, 1e-3, 0, true}, "parentbased_traceidratio 0.001"},
        {"parentbased_rate_limited", "0", {Kind::rate_limited, 1, 0, true}, "parentbased_rate_limited 0"},
    }));
    DYNAMIC_SECTION(row.name << " '" << row.argument << "'") {
        const auto settings = parse_sampler(row.name, row.argument);
        REQUIRE(settings);
        CHECK(*settings == row.settings);
        CHECK(to_text(*settings) == row.text);
    }
}

TEST_CASE("a sampler that is not known, or a bad argument, is an error that says what there is",
          "[telemetry][sampler]") {
    struct Row {
        const char* name;
        const char* argument;
        const char* error;
    };
    constexpr const char* kNames =
        " (always_on, always_off, traceidratio or rate_limited, each also with parentbased_ in front)";
    const auto row = GENERATE_COPY(values<Row>({
        {"", "", "there is no sampler ''"},
        {"jaeger_remote", "", "there is no sampler 'jaeger_remote'"},
        {"parentbased_", "", "there is no sampler 'parentbased_'"},
        {"parentbased_parentbased_always_on", "", "there is no sampler 'parentbased_parentbased_always_on'"},
        {"ALWAYS_ON", "", "there is no sampler 'ALWAYS_ON'"},
        {"traceidratio", "half", "'half' is not a ratio (0 to 1)"},
        {"traceidratio", "1.1", "'1.1' is not a ratio (0 to 1)"},
        {"traceidratio", "-0.1", "'-0.1' is not a ratio (0 to 1)"},
        {"traceidratio", "nan", "'nan' is not a ratio (0 to 1)"},
        {"traceidratio", "0.5 ", "'0.5 ' is not a ratio (0 to 1)"},
        {"rate_limited", "", "'' is not a rate (traces a second, say 5)"},
        {"rate_limited", "inf", "'inf' is not a rate (traces a second, say 5)"},
        {"rate_limited", "-1", "'-1' is not a rate (traces a second, say 5)"},
        {"rate_limited", "1e10", "'1e10' is not a rate (traces a second, say 5)"},
    }));
    CAPTURE(row.name, row.argument);
    const auto settings = parse_sampler(row.name, row.argument);
    REQUIRE_FALSE(settings);
    const std::string expected = row.error;
    CHECK(settings.error().text() == expected + (expected.starts_with("there") ? kNames : ""));
}

TEST_CASE("a trace of this program is recorded whole or not at all", "[telemetry][sampler]") {
    const auto name = GENERATE(values<const char*>({"always_on", "always_off", "traceidratio", "rate_limited"}));
    Sampler sampler = make(name, "0");
    const SpanContext sampled = parent(true, false), not_sampled = parent(false, false);
    CHECK(sampler.is_sampled(sampled.trace_id, &sampled));
    CHECK_FALSE(sampler.is_sampled(not_sampled.trace_id, &not_sampled));
}

TEST_CASE("a remote parent decides where the sampler is parent-based", "[telemetry][sampler]") {
    const SpanContext sampled = parent(true, true), not_sampled = parent(false, true);
    Sampler off = make("parentbased_always_off"), on = make("parentbased_always_on");
    CHECK(off.is_sampled(sampled.trace_id, &sampled));
    CHECK_FALSE(on.is_sampled(not_sampled.trace_id, &not_sampled));
    CHECK_FALSE(off.is_sampled(sampled.trace_id, nullptr));
    CHECK(on.is_sampled(sampled.trace_id, nullptr));

    Sampler never = make("always_off"), always = make("always_on");
    CHECK_FALSE(never.is_sampled(sampled.trace_id, &sampled));
    CHECK(always.is_sampled(not_sampled.trace_id, &not_sampled));
}

TEST_CASE("a ratio is kept over many traces", "[telemetry][sampler]") {
    constexpr int kMany = 20000;
    const auto ratio = GENERATE(0.0, 0.1, 0.5, 0.9, 1.0);
    Sampler sampler({Kind::ratio, ratio, 0, true});
    const double share = sampled_of(sampler, kMany) / static_cast<double>(kMany);
    CAPTURE(ratio, share);
    const double six_deviations = 6 * std::sqrt(ratio * (1 - ratio) / kMany);
    CHECK(std::abs(share - ratio) <= six_deviations);
}

TEST_CASE("a ratio decides by the trace alone, and a larger one keeps what a smaller one takes",
          "[telemetry][sampler]") {
    Sampler tenth({Kind::ratio, 0.1, 0, true}), half({Kind::ratio, 0.5, 0, true}), same({Kind::ratio, 0.5, 0, false});
    int of_tenth = 0, lost = 0, different = 0;
    for (int i = 0; i < 5000; ++i) {
        const TraceId id = telemetry::new_trace_id();
        const bool is_in_tenth = tenth.is_sampled(id, nullptr), is_in_half = half.is_sampled(id, nullptr);
        of_tenth += is_in_tenth;
        lost += is_in_tenth && !is_in_half;
        different += is_in_half != same.is_sampled(id, nullptr);
    }
    CHECK(of_tenth > 0);
    CHECK(lost == 0);
    CHECK(different == 0);
}

TEST_CASE("a ratio has its bound where the last seven bytes of the trace say", "[telemetry][sampler]") {
    Sampler half({Kind::ratio, 0.5, 0, true}), all({Kind::ratio, 1, 0, true}), none({Kind::ratio, 0, 0, true});
    CHECK(half.is_sampled(last_bytes("7fffffffffffff"), nullptr));
    CHECK_FALSE(half.is_sampled(last_bytes("80000000000000"), nullptr));
    CHECK(all.is_sampled(last_bytes("ffffffffffffff"), nullptr));
    CHECK_FALSE(none.is_sampled(last_bytes("00000000000000"), nullptr));
}

TEST_CASE("a rate is kept by a bucket that holds one second's traces", "[telemetry][sampler]") {
    now = Sampler::TimePoint{};
    Sampler sampler = make("rate_limited", "10");
    CHECK(sampled_of(sampler, 100) == 10);
    now += 100ms;
    CHECK(sampled_of(sampler, 100) == 1);
    now += 99ms;
    CHECK(sampled_of(sampler, 100) == 0);
    now += 2ms;
    CHECK(sampled_of(sampler, 100) == 1);
    now += 1h;
    CHECK(sampled_of(sampler, 100) == 10);
}

TEST_CASE("less than one trace a second is one at first, and then by and by", "[telemetry][sampler]") {
    now = Sampler::TimePoint{};
    Sampler sampler = make("rate_limited", "0.1");
    CHECK(sampled_of(sampler, 10) == 1);
    now += 9s;
    CHECK(sampled_of(sampler, 10) == 0);
    now += 1100ms;
    CHECK(sampled_of(sampler, 10) == 1);
    Sampler none = make("rate_limited", "0");
    CHECK(sampled_of(none, 10) == 0);
}

TEST_CASE("another rate begins anew, and the same one goes on", "[telemetry][sampler]") {
    now = Sampler::TimePoint{};
    Sampler sampler = make("rate_limited", "5");
    CHECK(sampled_of(sampler, 100) == 5);
    sampler.set(SamplerSettings(sampler.settings()));
    CHECK(sampled_of(sampler, 100) == 0);
    sampler.set({Kind::rate_limited, 1, 3, true});
    CHECK(sampled_of(sampler, 100) == 3);
    sampler.set({Kind::always_on, 1, 0, true});
    CHECK(sampled_of(sampler, 100) == 100);
}
