// Spans: what is done, from its begin to its end, in a trace.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "telemetry/records.hpp"
#include "telemetry/sampler.hpp"

namespace telemetry {

/// Who gets spans that have ended and that are sampled.
class SpanSink {
public:
    virtual ~SpanSink() = default;
    virtual void take(SpanRecord span) = 0;
};

/// One span, while it lasts. Where it is not sampled it has its place in the trace, and nothing else is kept.
///
/// Ends    by `end`, or with the object. The tracer outlives it.
class Span {
public:
    Span() = default;  ///< None: nothing is recorded, and its children begin traces.
    Span(Span&& other) noexcept { swap(other); }
    Span& operator=(Span&& other) noexcept {
        Span taken(std::move(other));
        swap(taken);
        return *this;
    }
    ~Span() { end(); }

    const SpanContext& context() const { return context_; }
    bool is_recording() const { return record_ != nullptr; }
    /// It has begun and not ended.
    explicit operator bool() const { return context_.is_valid(); }

    template <typename T>
    void set(std::string_view name, T&& value) {
        if (record_) set_value(name, to_value(std::forward<T>(value)));
    }
    void add_event(std::string_view name, Attributes attributes = {});
    /// Another trace that has to do with this.
    void add_link(const SpanContext& other);
    /// Not reversed by a later `succeed`.
    void fail(std::string_view why);
    void succeed();

    void end();
    void end_at(std::uint64_t unix_nano);
    /// Nothing of it is told.
    void discard();

private:
    friend class Tracer;
    void set_value(std::string_view name, Value value);
    void swap(Span& other) noexcept {
        std::swap(context_, other.context_);
        std::swap(record_, other.record_);
        std::swap(sink_, other.sink_);
    }

    SpanContext context_;
    std::unique_ptr<SpanRecord> record_;
    SpanSink* sink_ = nullptr;
};

struct SpanStart {
    SpanKind kind = SpanKind::internal;
    std::uint64_t at_unix_nano = 0;  ///< 0: now.
};

/// Single-threaded. The sampler may be replaced at any time.
class Tracer {
public:
    /// `sink` outlives the tracer and its spans.
    explicit Tracer(SpanSink& sink) : sink_(sink) {}

    /// Nobody wants spans: none is recorded, and a trace goes through as it came, with its parent for all that follows:
    /// an agent that records it does not depend on us.
    void set_enabled(bool is_enabled) { is_enabled_ = is_enabled; }
    bool is_enabled() const { return is_enabled_; }
    void set_sampler(const SamplerSettings& settings) { sampler_.set(settings); }
    const SamplerSettings& sampler() const { return sampler_.settings(); }

    /// `parent`: nothing, or an invalid one, for a new trace.
    Span start(std::string_view name, const SpanContext& parent = {}, SpanStart start = {});

private:
    SpanSink& sink_;
    Sampler sampler_;
    bool is_enabled_ = true;
};

}  // namespace telemetry
