// Log records and series of the telemetry's store, and what goes when it is full.
#include <algorithm>

#include "base/bytes.hpp"
#include "server/telemetry_store.hpp"

namespace server {
namespace {

using base::Result;

constexpr std::size_t kMostHistory = 60 * sizeof(double);

/// A series is one name of one service instance with one set of attributes. What else a resource says, such as a pid,
/// changes with a restart, at which a series goes on.
std::string digest_of(const Resource& resource, const MetricPoint& point) {
    std::string whole = resource.instance ? resource.instance->bytes() : resource.digest;
    for (const std::string* part : {&resource.service, &point.scope, &point.name, &point.unit, &point.kind})
        whole.append(*part).push_back('\0');
    return base::sha256(whole + point.attributes).substr(0, 16);
}

std::string with(std::string history, double value) {
    history.append(reinterpret_cast<const char*>(&value), sizeof value);
    if (history.size() > kMostHistory) history.erase(0, history.size() - kMostHistory);
    return history;
}

std::optional<std::string> none_if_empty(const std::string& text) {
    return text.empty() ? std::nullopt : std::optional(text);
}

std::optional<std::string> bytes_of(const std::optional<base::Uuid>& uid) {
    return uid ? std::optional(uid->bytes()) : std::nullopt;
}

}  // namespace

Result<void> TelemetryStore::keep(const Resource& resource, const LogRecord& record, Nanoseconds now) {
    const auto bytes = kRowBytes + static_cast<std::int64_t>(resource.service.size() + record.severity_text.size() +
                                                             record.event_name.size() + record.scope.size() +
                                                             record.body.size() + record.attributes.size());
    add_log_record_.bind_optional(1, bytes_of(resource.instance))
        .bind_text(2, resource.service)
        .bind(3, record.time != 0 ? record.time : now)
        .bind(4, record.severity)
        .bind_text(5, record.severity_text)
        .bind_text(6, record.event_name)
        .bind_text(7, record.scope)
        .bind_text(8, record.body)
        .bind_text(9, record.attributes)
        .bind_optional(10, none_if_empty(record.trace_id))
        .bind_optional(11, none_if_empty(record.span_id))
        .bind(12, bytes)
        .bind(13, record.dropped);
    if (auto done = add_log_record_.run(); !done) return done;
    totals_.log_records += 1;
    totals_.log_bytes += bytes;
    return make_room();
}

/// What arrives last is the newest: clocks may be set back.
Result<void> TelemetryStore::keep(const Resource& resource, const MetricPoint& point) {
    const std::string digest = digest_of(resource, point);
    auto row = find_series_.bind_blob(1, digest).next_row();
    if (!row) return std::move(row).error();
    const bool is_known = *row;
    const std::int64_t id = is_known ? find_series_.number(0) : 0;
    const std::string history = with(is_known ? find_series_.bytes(1) : std::string(), point.value);
    const std::int64_t bytes_before = is_known ? find_series_.number(2) : 0;
    if (is_known)
        if (auto end = find_series_.next_row(); !end) return std::move(end).error();
    const auto bytes =
        kRowBytes + static_cast<std::int64_t>(resource.service.size() + point.name.size() + point.unit.size() +
                                              point.description.size() + point.scope.size() + point.attributes.size() +
                                              point.details.size() + history.size());
    Result<void> done;
    if (is_known)
        done = update_series_.bind(1, id)
                   .bind(2, point.time)
                   .bind_real(3, point.value)
                   .bind_text(4, point.details)
                   .bind_blob(5, history)
                   .bind(6, bytes)
                   .bind_text(7, point.description)
                   .run();
    else
        done = add_series_.bind_blob(1, digest)
                   .bind_optional(2, bytes_of(resource.instance))
                   .bind_text(3, resource.service)
                   .bind_text(4, point.name)
                   .bind_text(5, point.unit)
                   .bind_text(6, point.description)
                   .bind_text(7, point.kind)
                   .bind_text(8, point.scope)
                   .bind_text(9, point.attributes)
                   .bind(10, point.time)
                   .bind_real(11, point.value)
                   .bind_text(12, point.details)
                   .bind_blob(13, history)
                   .bind(14, bytes)
                   .run();
    if (!done) return done;
    totals_.series += is_known ? 0 : 1;
    totals_.series_bytes += bytes - bytes_before;
    return make_room();
}

/// The kind that takes most room gives it; one that is over its own limit gives in any case.
Result<void> TelemetryStore::make_room() {
    for (;;) {
        const std::int64_t most = std::max({totals_.trace_bytes, totals_.log_bytes, totals_.series_bytes});
        const bool is_full = totals_.bytes() > limits_.bytes;
        Result<void> done;
        if (totals_.spans > limits_.spans || (is_full && most == totals_.trace_bytes))
            done = forget_first(oldest_trace_, remove_trace_, totals_.spans, totals_.trace_bytes);
        else if (totals_.log_records > limits_.log_records || (is_full && most == totals_.log_bytes))
            done = forget_first(oldest_log_record_, remove_log_record_, totals_.log_records, totals_.log_bytes);
        else if (totals_.series > limits_.series || is_full)
            done = forget_first(oldest_series_, remove_series_, totals_.series, totals_.series_bytes);
        else
            return {};
        if (!done) return done;
    }
}

/// `first` selects its id, how many it is, and its bytes.
Result<void> TelemetryStore::forget_first(Statement& first, Statement& remove, std::int64_t& count,
                                          std::int64_t& bytes) {
    auto row = first.next_row();
    if (!row) return std::move(row).error();
    if (!*row) return base::Error(base::Kind::bug, "nothing is left that could go");
    const std::int64_t id = first.number(0);
    count -= first.number(1);
    bytes -= first.number(2);
    if (row = first.next_row(); !row) return std::move(row).error();
    return remove.bind(1, id).run();
}

}  // namespace server
