#include "server/telemetry_queries.hpp"

#include <cstring>
#include <limits>
#include <map>

#include "base/bytes.hpp"
#include "base/number.hpp"
#include "server/json_text.hpp"

namespace server {
namespace {

using base::Error;
using base::Kind;
using base::Result;

/// Of one answer: a page does not draw more.
constexpr std::int64_t kMostSpans = 5000;
constexpr std::int64_t kMostRecordsOfTrace = 1000;
constexpr std::int64_t kMostSeries = 1000;
constexpr std::size_t kMostAnswerBytes = 16u << 20;

const char* kind_name(std::int64_t kind) {
    constexpr const char* kNames[] = {"unspecified", "internal", "server", "client", "producer", "consumer"};
    return kind >= 0 && kind < 6 ? kNames[kind] : kNames[0];
}

const char* status_name(std::int64_t status) {
    constexpr const char* kNames[] = {"unset", "ok", "error"};
    return status >= 0 && status < 3 ? kNames[status] : kNames[0];
}

/// A statement for one answer.
class Query {
public:
    static Result<Query> prepare(TelemetryStore& store, const std::string& sql) {
        auto statement = store.database().prepare(sql.c_str());
        if (!statement) return std::move(statement).error();
        Query query;
        query.statement = std::move(*statement);
        return query;
    }
    /// Adds what `json` makes of each row to `list`. Whether that is all there is: neither more than `most`, nor than
    /// an answer may have, with what stands `beside` it. The statement has one row more than `most` as its limit.
    template <typename Json>
    Result<bool> list(JsonArray& list, std::int64_t most, const Json& json, const JsonArray& beside = {}) {
        for (std::int64_t count = 0;; ++count) {
            auto found = statement.next_row();
            if (!found) return std::move(found).error();
            if (!*found) return true;
            if (count == most || list.size() + beside.size() > kMostAnswerBytes) return false;
            list.add(json(statement));
        }
    }
    Statement statement;
};

/// "TIME.ID" of a record: times are not unique.
std::string place_of(const Statement& row) {
    return std::to_string(row.number(0)) + "." + std::to_string(row.number(10));
}

std::string record_json(const Statement& row) {
    JsonObject record;
    record.time("time", row.number(0))
        .number("severity_number", row.number(1))
        .text("severity_text", row.bytes(2))
        .text("event_name", row.bytes(3))
        .text("service", row.bytes(4))
        .text("scope", row.bytes(5))
        .json("body", row.bytes(6))
        .json("attributes", row.bytes(7))
        .number("dropped", row.number(11))
        .text("trace_id", base::to_hex(row.bytes(8)))
        .text("span_id", base::to_hex(row.bytes(9)))
        .text("place", place_of(row));
    return record.done();
}

const std::string kSelectRecords =
    "SELECT time, severity, severity_text, event_name, service, scope, body, attributes, trace_id, span_id, id,"
    " dropped";

/// The resources of a trace, each told once: a span names its place among them.
class Resources {
public:
    /// Of the resource that stands in these columns, from its id on.
    std::int64_t place_of(const Statement& row, int column) {
        const auto [found, is_new] = places_.emplace(row.number(column), static_cast<std::int64_t>(places_.size()));
        if (is_new)
            list_.add(JsonObject()
                          .json("attributes", row.bytes(column + 1))
                          .number("dropped", row.number(column + 2))
                          .done());
        return found->second;
    }
    const JsonArray& list() const { return list_; }

private:
    std::map<std::int64_t, std::int64_t> places_;
    JsonArray list_;
};

std::string span_json(const Statement& row, std::int64_t began, Resources& resources) {
    const std::string parent = row.bytes(1);
    JsonObject span;
    span.text("span_id", base::to_hex(row.bytes(0)))
        .text("parent_id", base::to_hex(parent))
        .text("name", row.bytes(2))
        .text("service", row.bytes(3))
        .text("kind", kind_name(row.number(4)))
        .time("start", row.number(5))
        .number("offset_ns", row.number(5) - began)
        .number("duration_ns", row.number(6) - row.number(5))
        .text("status", status_name(row.number(7)))
        .text("status_message", row.bytes(8))
        .text("scope", row.bytes(9))
        .json("attributes", row.bytes(10))
        .json("events", row.bytes(11))
        .json("links", row.bytes(12))
        .number("dropped", row.number(13))
        .number("resource", resources.place_of(row, 14));
    return span.done();
}

struct Place {
    std::int64_t time = std::numeric_limits<std::int64_t>::max();
    std::int64_t id = std::numeric_limits<std::int64_t>::max();
};

Result<Place> parse_place(std::string_view text) {
    if (text.empty()) return Place();
    const auto dot = text.find('.');
    const auto time = base::parse_number<std::int64_t>(text.substr(0, dot));
    const auto id = base::parse_number<std::int64_t>(dot == std::string_view::npos ? "" : text.substr(dot + 1));
    if (!time || !id)
        return Error(Kind::invalid, "'" + base::shortened(text, 64) + "' is no place in the list")
            .hint("give the \"next\" of an earlier answer as before");
    return Place{*time, *id};
}

std::string or_null(const std::string& text) {
    return text.empty() ? "null" : base::json_string(text);
}

}  // namespace

Result<std::string> traces_json(TelemetryStore& store, const std::optional<base::Uuid>& agent, const Window& window) {
    std::int64_t before = std::numeric_limits<std::int64_t>::max();
    if (!window.before.empty()) {
        const auto place = base::parse_number<std::int64_t>(window.before);
        if (!place)
            return Error(Kind::invalid, "'" + base::shortened(window.before, 64) + "' is no place in the list")
                .hint("give the \"next\" of an earlier answer as before");
        before = *place;
    }
    auto query = Query::prepare(
        store, agent ? "SELECT id, trace_id, name, service, has_root, start_time, end_time, spans, errors"
                       " FROM trace_agent JOIN trace ON id = trace"
                       " WHERE trace < ?1 AND instance_uid = ?3 ORDER BY trace DESC LIMIT ?2"
                     : "SELECT id, trace_id, name, service, has_root, start_time, end_time, spans, errors"
                       " FROM trace WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
    if (!query) return std::move(query).error();
    query->statement.bind(1, before).bind(2, window.limit + 1);
    if (agent) query->statement.bind_blob(3, agent->bytes());
    JsonArray traces;
    std::string last;
    const auto has_all = query->list(traces, window.limit, [&](const Statement& row) {
        last = std::to_string(row.number(0));
        return JsonObject()
            .text("trace_id", base::to_hex(row.bytes(1)))
            .text("name", row.bytes(2))
            .text("service", row.bytes(3))
            .flag("has_root", row.number(4) != 0)
            .time("start", row.number(5))
            .number("duration_ns", row.number(6) - row.number(5))
            .number("spans", row.number(7))
            .number("errors", row.number(8))
            .done();
    });
    if (!has_all) return has_all.error();
    const std::string next = *has_all ? std::string() : last;
    return JsonObject().json("traces", traces.done()).json("next", or_null(next)).done();
}

Result<std::string> trace_json(TelemetryStore& store, std::string_view trace_id) {
    const auto id = base::from_hex(trace_id);
    if (!id || id->size() != 16)
        return Error(Kind::not_found, "'" + base::shortened(trace_id, 64) + "' is not a trace_id")
            .hint("it has 32 hexadecimal digits");
    auto trace = Query::prepare(store, "SELECT id, start_time FROM trace WHERE trace_id = ?1");
    if (!trace) return std::move(trace).error();
    auto row = trace->statement.bind_blob(1, *id).next_row();
    if (!row) return std::move(row).error();
    if (!*row) return Error(Kind::not_found, "no span of the trace " + std::string(trace_id) + " is kept");
    const std::int64_t number = trace->statement.number(0), began = trace->statement.number(1);

    auto spans = Query::prepare(
        store,
        "SELECT span_id, parent_id, name, service, kind, start_time, end_time, status, status_message, scope,"
        " span.attributes, events, links, span.dropped, resource, trace_resource.attributes, trace_resource.dropped"
        " FROM span JOIN trace_resource ON trace_resource.id = resource"
        " WHERE span.trace = ?1 ORDER BY start_time, end_time DESC LIMIT ?2");
    auto records =
        Query::prepare(store, kSelectRecords + " FROM log_record WHERE trace_id = ?1 ORDER BY time, id LIMIT ?2");
    if (!spans || !records) return !spans ? std::move(spans).error() : std::move(records).error();
    JsonArray list, log;
    Resources resources;
    spans->statement.bind(1, number).bind(2, kMostSpans + 1);
    const auto has_spans = spans->list(
        list, kMostSpans, [&](const Statement& span) { return span_json(span, began, resources); }, resources.list());
    if (!has_spans) return has_spans.error();
    records->statement.bind_blob(1, *id).bind(2, kMostRecordsOfTrace + 1);
    const auto has_records = records->list(log, kMostRecordsOfTrace, record_json);
    if (!has_records) return has_records.error();
    return JsonObject()
        .text("trace_id", base::to_hex(*id))
        .time("start", began)
        .json("resources", resources.list().done())
        .json("spans", list.done())
        .json("log_records", log.done())
        .flag("is_cut", !*has_spans || !*has_records)
        .done();
}

Result<std::string> log_records_json(TelemetryStore& store, const base::Uuid& agent, int severity,
                                     const Window& window) {
    const auto place = parse_place(window.before);
    if (!place) return place.error();
    auto query = Query::prepare(store, kSelectRecords +
                                           " FROM log_record WHERE instance_uid = ?1 AND severity >= ?2"
                                           " AND (time, id) < (?3, ?4) ORDER BY time DESC, id DESC LIMIT ?5");
    if (!query) return std::move(query).error();
    query->statement.bind_blob(1, agent.bytes())
        .bind(2, severity)
        .bind(3, place->time)
        .bind(4, place->id)
        .bind(5, window.limit + 1);
    JsonArray records;
    std::string last;
    const auto has_all = query->list(records, window.limit, [&](const Statement& row) {
        last = place_of(row);
        return record_json(row);
    });
    if (!has_all) return has_all.error();
    const std::string next = *has_all ? std::string() : last;
    return JsonObject().json("log_records", records.done()).json("next", or_null(next)).done();
}

Result<std::string> metrics_json(TelemetryStore& store, const base::Uuid& agent) {
    auto query =
        Query::prepare(store,
                       "SELECT name, unit, description, kind, scope, service, attributes, time, value, details,"
                       " history FROM series WHERE instance_uid = ?1 ORDER BY name, attributes LIMIT ?2");
    if (!query) return std::move(query).error();
    query->statement.bind_blob(1, agent.bytes()).bind(2, kMostSeries + 1);
    JsonArray metrics;
    const auto has_all = query->list(metrics, kMostSeries, [](const Statement& row) {
        const std::string bytes = row.bytes(10);
        JsonArray history;
        for (std::size_t i = 0; i + sizeof(double) <= bytes.size(); i += sizeof(double)) {
            double value = 0;
            std::memcpy(&value, bytes.data() + i, sizeof value);
            history.add(json_number(value));
        }
        const std::string details = row.bytes(9);
        return JsonObject()
            .text("name", row.bytes(0))
            .text("unit", row.bytes(1))
            .text("description", row.bytes(2))
            .text("kind", row.bytes(3))
            .text("scope", row.bytes(4))
            .text("service", row.bytes(5))
            .json("attributes", row.bytes(6))
            .time("time", row.number(7))
            .json("value", row.is_null(8) ? "\"NaN\"" : json_number(row.real(8)))
            .json("details", details.empty() ? "null" : details)
            .json("history", history.done())
            .done();
    });
    if (!has_all) return has_all.error();
    return JsonObject().json("metrics", metrics.done()).flag("is_cut", !*has_all).done();
}

std::string totals_json(const TelemetryStore& store) {
    const TelemetryStore::Totals& totals = store.totals();
    return JsonObject()
        .number("spans", totals.spans)
        .number("log_records", totals.log_records)
        .number("series", totals.series)
        .number("bytes", totals.bytes())
        .done();
}

}  // namespace server
