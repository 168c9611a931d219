#include "telemetry/tracer.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/units.hpp"

namespace telemetry {

namespace {

void bound(Value& value) {
    auto* text = std::get_if<std::string>(&value);
    if (text && text->size() > kLongestText) *text = base::shortened(*text, kLongestText);
}

}  // namespace

void Span::set_value(std::string_view name, Value value) {
    if (record_->attributes.size() >= kMostAttributes && !find(record_->attributes, name)) {
        ++record_->dropped_attributes;
        return;
    }
    bound(value);
    telemetry::set(record_->attributes, name, std::move(value));
}

void Span::add_event(std::string_view name, Attributes attributes) {
    if (!record_) return;
    if (record_->events.size() >= kMostEvents) {
        ++record_->dropped_events;
        return;
    }
    for (auto& [key, value] : attributes) bound(value);
    record_->events.push_back({base::unix_nano_now(), std::string(name), std::move(attributes)});
}

void Span::add_link(const SpanContext& other) {
    if (!record_ || !other.is_valid()) return;
    if (record_->links.size() >= kMostLinks) {
        ++record_->dropped_links;
        return;
    }
    record_->links.push_back(other);
}

void Span::fail(std::string_view why) {
    if (!record_) return;
    record_->status = SpanStatus::error;
    record_->status_message = base::shortened(why, kLongestText);
}

void Span::succeed() {
    if (record_ && record_->status == SpanStatus::unset) record_->status = SpanStatus::ok;
}

void Span::end() {
    if (record_) end_at(base::unix_nano_now());
    discard();
}

void Span::end_at(std::uint64_t unix_nano) {
    if (record_) {
        // The clock of the wall may have been set back meanwhile.
        record_->end_time_unix_nano = std::max(unix_nano, record_->start_time_unix_nano);
        record_->context = context_;
        sink_->take(std::move(*record_));
    }
    discard();
}

void Span::discard() {
    record_.reset();
    context_ = {};
}

Span Tracer::start(std::string_view name, const SpanContext& parent, SpanStart start) {
    Span span;
    const bool has_parent = parent.is_valid();
    if (!is_enabled_ && has_parent) {
        span.context_ = parent;
        return span;
    }
    span.context_.trace_id = has_parent ? parent.trace_id : new_trace_id();
    span.context_.span_id = new_span_id();
    if (has_parent) span.context_.trace_state = parent.trace_state;
    span.context_.is_sampled =
        is_enabled_ && sampler_.is_sampled(span.context_.trace_id, has_parent ? &parent : nullptr);
    if (!span.context_.is_sampled) return span;
    span.sink_ = &sink_;
    span.record_ = std::make_unique<SpanRecord>();
    SpanRecord& record = *span.record_;
    record.name = name;
    record.kind = start.kind;
    if (has_parent) record.parent_span_id = parent.span_id;
    record.has_remote_parent = has_parent && parent.is_remote;
    record.start_time_unix_nano = start.at_unix_nano != 0 ? start.at_unix_nano : base::unix_nano_now();
    return span;
}

}  // namespace telemetry
