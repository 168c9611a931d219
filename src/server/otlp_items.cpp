#include "server/otlp_items.hpp"

#include <limits>

#include "base/bytes.hpp"
#include "server/json_text.hpp"
#include "server/otlp_values.hpp"

namespace server {
namespace {

using base::Result;

constexpr int kMostParts = 128;  ///< Events and links of a span.
constexpr std::size_t kMostPartsBytes = 64u << 10;
constexpr std::size_t kMostShortTextBytes = 64;  ///< Units, names of severities.

bool is_time(std::uint64_t time) {
    return time > 0 && time <= static_cast<std::uint64_t>(std::numeric_limits<Nanoseconds>::max());
}

Nanoseconds time_or_none(std::uint64_t time) {
    return is_time(time) ? static_cast<Nanoseconds>(time) : 0;
}

/// All zeros is no id. Spec: W3C trace context.
bool is_id(std::string_view id, std::size_t bytes) {
    return id.size() == bytes && id.find_first_not_of('\0') != std::string_view::npos;
}

JsonObject begin_of(const otlp::Span::Event& event) {
    JsonObject object;
    object.text("name", base::shortened(event.name(), kMostTextBytes));
    if (is_time(event.time_unix_nano())) object.time("time", time_or_none(event.time_unix_nano()));
    return object;
}

JsonObject begin_of(const otlp::Span::Link& link) {
    JsonObject object;
    object.text("trace_id", base::to_hex(link.trace_id().substr(0, 16)));
    object.text("span_id", base::to_hex(link.span_id().substr(0, 8)));
    return object;
}

/// Events or links, as many as have room; `dropped` grows by what is left out of them.
template <typename Parts>
std::string list_of(const Parts& parts, std::int64_t& dropped) {
    JsonArray list;
    int kept = 0;
    for (const auto& part : parts) {
        std::int64_t left_out = part.dropped_attributes_count();
        JsonObject whole = begin_of(part);
        whole.json("attributes", json_of(part.attributes(), left_out));
        if (kept == kMostParts || list.size() + whole.size() > kMostPartsBytes) {
            ++dropped;
            continue;
        }
        dropped += left_out;
        list.add(whole.done());
        ++kept;
    }
    return list.done();
}

Fault fault_of(const otlp::Span& wire) {
    if (!is_id(wire.trace_id(), 16)) return "a trace_id has to have 16 bytes, not all zero";
    if (!is_id(wire.span_id(), 8)) return "a span_id has to have 8 bytes, not all zero";
    if (!wire.parent_span_id().empty() && wire.parent_span_id().size() != 8)
        return "a parent_span_id has to have 8 bytes, or none";
    if (!is_time(wire.start_time_unix_nano())) return "a start time is missing, or after the year 2262";
    return nullptr;
}

template <typename Data>
bool is_delta(const Data& data) {
    return data.aggregation_temporality() == otlp::AGGREGATION_TEMPORALITY_DELTA;
}

/// The points of one metric.
class Points {
public:
    Points(MetricPoint point, const std::function<Result<void>(const MetricPoint&)>& add,
           const std::function<void(Fault)>& reject)
        : point_(std::move(point)), add_(add), reject_(reject) {}

    Result<void> numbers(const char* kind, const google::protobuf::RepeatedPtrField<otlp::NumberDataPoint>& points) {
        point_.kind = kind;
        for (const otlp::NumberDataPoint& wire : points) {
            const bool is_integer = wire.value_case() == otlp::NumberDataPoint::kAsInt;
            point_.value = is_integer ? static_cast<double>(wire.as_int()) : wire.as_double();
            const bool has_value = wire.value_case() != otlp::NumberDataPoint::VALUE_NOT_SET;
            if (auto added = add(wire, has_value); !added) return added;
        }
        return {};
    }

    Result<void> histograms(const otlp::Histogram& histogram) {
        point_.kind = is_delta(histogram) ? "delta histogram" : "histogram";
        for (const otlp::HistogramDataPoint& wire : histogram.data_points()) {
            point_.value = wire.has_sum() ? wire.sum() : std::numeric_limits<double>::quiet_NaN();
            JsonObject details;
            details.json("count", json_number(static_cast<double>(wire.count())));
            if (wire.has_min()) details.json("min", json_number(wire.min()));
            if (wire.has_max()) details.json("max", json_number(wire.max()));
            point_.details = details.done();
            if (auto added = add(wire, true); !added) return added;
        }
        return {};
    }

private:
    template <typename Point>
    Result<void> add(const Point& wire, bool has_value) {
        constexpr unsigned kNoValue = 1;
        if ((wire.flags() & kNoValue) != 0) return {};  // nothing that could be kept
        if (!has_value) return reject_("a point has no value"), Result<void>();
        if (!is_time(wire.time_unix_nano()))
            return reject_("a point's time is missing, or after the year 2262"), Result<void>();
        point_.time = time_or_none(wire.time_unix_nano());
        std::int64_t dropped = 0;
        point_.attributes = json_of(wire.attributes(), dropped);
        // A part of them could be those of another series.
        if (dropped > 0) return reject_("a point has more than 128 attributes, or 16 KiB of them"), Result<void>();
        return add_(point_);
    }

    MetricPoint point_;
    const std::function<Result<void>(const MetricPoint&)>& add_;
    const std::function<void(Fault)>& reject_;
};

}  // namespace

Fault to_span(const otlp::Span& wire, Span& span) {
    if (const Fault fault = fault_of(wire)) return fault;
    span.trace_id = wire.trace_id();
    span.span_id = wire.span_id();
    if (is_id(wire.parent_span_id(), 8)) span.parent_id = wire.parent_span_id();
    span.name = base::shortened(wire.name(), kMostTextBytes);
    span.kind = wire.kind();
    span.status = wire.status().code();
    span.status_message = base::shortened(wire.status().message(), kMostTextBytes);
    span.start = time_or_none(wire.start_time_unix_nano());
    span.end = std::max(span.start, time_or_none(wire.end_time_unix_nano()));  // a clock may be set back
    span.dropped =
        std::int64_t{wire.dropped_attributes_count()} + wire.dropped_events_count() + wire.dropped_links_count();
    span.attributes = json_of(wire.attributes(), span.dropped);
    span.events = list_of(wire.events(), span.dropped);
    span.links = list_of(wire.links(), span.dropped);
    return nullptr;
}

LogRecord to_log_record(const otlp::LogRecord& wire) {
    LogRecord record;
    record.time = time_or_none(wire.time_unix_nano());
    if (record.time == 0) record.time = time_or_none(wire.observed_time_unix_nano());
    record.severity = wire.severity_number() >= 1 && wire.severity_number() <= 24 ? wire.severity_number() : 0;
    record.severity_text = base::shortened(wire.severity_text(), kMostShortTextBytes);
    record.event_name = base::shortened(wire.event_name(), kMostTextBytes);
    record.body = json_of(wire.body());
    record.dropped = wire.dropped_attributes_count();
    record.attributes = json_of(wire.attributes(), record.dropped);
    if (is_id(wire.trace_id(), 16)) record.trace_id = wire.trace_id();
    if (is_id(wire.span_id(), 8)) record.span_id = wire.span_id();
    return record;
}

Result<void> each_point(const otlp::Metric& wire, const std::string& scope,
                        const std::function<Result<void>(const MetricPoint&)>& add,
                        const std::function<void(Fault)>& reject) {
    MetricPoint common;
    common.name = base::shortened(wire.name(), kMostTextBytes);
    common.unit = base::shortened(wire.unit(), kMostShortTextBytes);
    common.description = base::shortened(wire.description(), kMostTextBytes);
    common.scope = scope;
    Points points(std::move(common), add, reject);
    if (wire.name().empty()) return reject("a metric has no name"), Result<void>();
    switch (wire.data_case()) {
    case otlp::Metric::kGauge: return points.numbers("gauge", wire.gauge().data_points());
    case otlp::Metric::kSum:
        return points.numbers(is_delta(wire.sum()) ? "delta sum" : "sum", wire.sum().data_points());
    case otlp::Metric::kHistogram: return points.histograms(wire.histogram());
    case otlp::Metric::DATA_NOT_SET: break;
    }
    return reject("only gauges, sums and histograms are kept"), Result<void>();
}

}  // namespace server
