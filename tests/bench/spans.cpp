#include "bench/spans.hpp"

#include <time.h>

#include <stdexcept>
#include <vector>

#include "bench/rig.hpp"
#include "telemetry/otlp.hpp"
#include "telemetry/queue.hpp"
#include "telemetry/tracer.hpp"

namespace bench {
namespace {

using telemetry::SamplerSettings;

/// Fewer than the queue holds: what is dropped would be cheap.
constexpr int kSpans = 512;
/// As often as it takes to see past the clock's own steps.
constexpr int kRounds = 100;

struct Exporter final : telemetry::SpanSink {
    void take(telemetry::SpanRecord span) override {
        if (!queue.push(std::move(span))) throw std::runtime_error("a span was dropped");
    }
    telemetry::Queue<telemetry::SpanRecord> queue{{}};
};

void make_spans(telemetry::Tracer& tracer, int spans) {
    static const std::string hash(64, 'a');
    telemetry::Span parent = tracer.start("rollout");
    for (int i = 0; i < spans; ++i) {
        telemetry::Span span = tracer.start("start agent", parent.context());
        span.set("opamp.remote_config.hash", hash);
        span.set("process.pid", 4711 + i);
        span.set("agent.name", "collector");
        span.set("opampd.is_first", i == 0);
        span.end();
    }
    parent.discard();
}

/// Time on the processor, in nanoseconds: what else runs on this machine is no cost of a span.
double cpu_ns() {
    timespec time{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<double>(time.tv_sec) * 1e9 + static_cast<double>(time.tv_nsec);
}

}  // namespace

bool measure_spans(int runs) {
    const telemetry::Source source{{{"service.name", "collector"}}, "opampd", "1"};
    Exporter exporter;
    telemetry::Tracer tracer(exporter);
    std::vector<double> recorded, encoded, not_sampled;
    for (int run = 0; run < runs; ++run) {
        double recording = 0, encoding = 0;
        for (int round = 0; round < kRounds; ++round) {
            const double begin = cpu_ns();
            make_spans(tracer, kSpans);
            const double made = cpu_ns();
            const auto batch = exporter.queue.take(kSpans);
            if (batch.size() != kSpans || encode(source, batch).empty()) throw std::runtime_error("a span was lost");
            recording += made - begin;
            encoding += cpu_ns() - made;
        }
        recorded.push_back(recording / (kRounds * kSpans));
        encoded.push_back(encoding / (kRounds * kSpans));

        tracer.set_sampler({SamplerSettings::Kind::always_off, 1, 0, true});
        const double begin = cpu_ns();
        make_spans(tracer, kRounds * kSpans);
        not_sampled.push_back((cpu_ns() - begin) / (kRounds * kSpans));
        tracer.set_sampler({});
    }
    const bool is_kept = print("span with 4 attributes, recorded", recorded, 1000, "ns");
    print("the same taken from the queue and encoded", encoded, 0, "ns");
    return print("the same, not sampled", not_sampled, 100, "ns") && is_kept;
}

}  // namespace bench
