#include "server/telemetry_store.hpp"

#include "base/bytes.hpp"
#include "server/telemetry_schema.hpp"

namespace server {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr int kVersion = 1;
constexpr std::size_t kMostAgentsNamed = 64;

/// What a row costs beside its texts, roughly, with its places in the indexes.
constexpr std::int64_t kRowBytes = 128;

std::int64_t bytes_of(const Resource& resource) {
    return kRowBytes + static_cast<std::int64_t>(resource.service.size() + resource.attributes.size());
}

std::int64_t bytes_of(const Span& span) {
    return kRowBytes + static_cast<std::int64_t>(span.name.size() + span.scope.size() + span.status_message.size() +
                                                 span.attributes.size() + span.events.size() + span.links.size());
}

std::string digest_of(const Resource& resource) {
    return base::sha256(resource.attributes).substr(0, 16);
}

base::Error with_remedy(base::Error error, const std::string& file) {
    return std::move(error)
        .within("telemetry file '" + file + "'")
        .hint("stop the server that uses it, or remove the file: it holds nothing but telemetry");
}

}  // namespace

/// What is read of one request goes to the store.
class TelemetryStore::Request : public TelemetrySink {
public:
    Request(TelemetryStore& store, Nanoseconds now) : store_(store), now_(now) {}

    void begin(const Resource& resource) override {
        resource_ = resource;
        is_noted_ = false;
    }
    Result<void> add(const Span& span) override { return note(), store_.keep(resource_, span); }
    Result<void> add(const LogRecord& record) override { return note(), store_.keep(resource_, record, now_); }
    Result<void> add(const MetricPoint& point) override { return note(), store_.keep(resource_, point); }

    std::set<base::Uuid> agents;

private:
    void note() {
        if (!is_noted_ && resource_.instance && agents.size() < kMostAgentsNamed) agents.insert(*resource_.instance);
        is_noted_ = true;
    }

    TelemetryStore& store_;
    Nanoseconds now_;
    Resource resource_;
    bool is_noted_ = false;
};

Result<std::unique_ptr<TelemetryStore>> TelemetryStore::open(const std::string& file, TelemetryLimits limits) {
    auto database = Database::open_private(file);
    if (!database) return with_remedy(std::move(database).error(), file);
    auto store = std::make_unique<TelemetryStore>();
    store->limits_ = limits;
    store->database_ = std::move(*database);
    auto ready = store->prepare();
    if (ready) ready = store->count();
    if (ready) ready = store->database_.transact([&] { return store->make_room(); });  // the limits may be lower now
    if (!ready) return with_remedy(std::move(ready).error(), file);
    return store;
}

Result<void> TelemetryStore::prepare() {
    auto version = database_.prepare("PRAGMA user_version");
    if (!version) return std::move(version).error();
    const auto found = version->one_number();
    *version = {};
    if (!found) return found.error();
    if (*found == 0)
        if (auto made = database_.execute(("BEGIN;" + std::string(kTelemetrySchema) + "COMMIT;").c_str()); !made)
            return made;
    if (*found > kVersion) return Error(Kind::invalid, "it was written by a newer version of this server");
    return database_.prepare({
        {&find_trace_, "SELECT id, has_root, name_time FROM trace WHERE trace_id = ?1"},
        {&add_trace_,
         "INSERT INTO trace (trace_id, start_time, end_time, name, service, name_time, has_root)"
         " VALUES (?1, ?2, ?3, ?4, ?5, ?2, ?6) RETURNING id"},
        {&find_resource_, "SELECT id FROM trace_resource WHERE trace = ?1 AND digest = ?2"},
        {&add_resource_,
         "INSERT INTO trace_resource (trace, digest, service, attributes) VALUES (?1, ?2, ?3, ?4) RETURNING id"},
        {&add_span_,
         "INSERT INTO span VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"
         " ON CONFLICT DO NOTHING RETURNING 1"},
        {&note_span_,
         "UPDATE trace SET start_time = min(start_time, ?2), end_time = max(end_time, ?3), spans = spans + 1,"
         " errors = errors + ?4, bytes = bytes + ?5 WHERE id = ?1"},
        {&name_trace_, "UPDATE trace SET name = ?2, service = ?3, name_time = ?4, has_root = ?5 WHERE id = ?1"},
        {&add_agent_, "INSERT OR IGNORE INTO trace_agent VALUES (?1, ?2)"},
        {&oldest_trace_, "SELECT id, spans, bytes FROM trace ORDER BY id LIMIT 1"},
        {&remove_trace_, "DELETE FROM trace WHERE id = ?1"},
        {&add_log_record_, "INSERT INTO log_record VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"},
        {&oldest_log_record_, "SELECT id, 1, bytes FROM log_record ORDER BY id LIMIT 1"},
        {&remove_log_record_, "DELETE FROM log_record WHERE id = ?1"},
        {&find_series_, "SELECT id, history, bytes FROM series WHERE digest = ?1"},
        {&add_series_,
         "INSERT INTO series VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
         " (SELECT coalesce(max(heard), 0) + 1 FROM series), ?10, ?11, ?12, ?13, ?14)"},
        {&update_series_,
         "UPDATE series SET heard = (SELECT max(heard) + 1 FROM series), time = ?2, value = ?3, details = ?4,"
         " history = ?5, bytes = ?6, description = ?7 WHERE id = ?1"},
        {&oldest_series_, "SELECT id, 1, bytes FROM series ORDER BY heard LIMIT 1"},
        {&remove_series_, "DELETE FROM series WHERE id = ?1"},
    });
}

Result<void> TelemetryStore::count() {
    const std::pair<std::int64_t*, const char*> sums[] = {
        {&totals_.spans, "SELECT coalesce(sum(spans), 0) FROM trace"},
        {&totals_.trace_bytes, "SELECT coalesce(sum(bytes), 0) FROM trace"},
        {&totals_.log_records, "SELECT count(*) FROM log_record"},
        {&totals_.log_bytes, "SELECT coalesce(sum(bytes), 0) FROM log_record"},
        {&totals_.series, "SELECT count(*) FROM series"},
        {&totals_.series_bytes, "SELECT coalesce(sum(bytes), 0) FROM series"},
    };
    for (const auto& [total, sql] : sums) {
        auto statement = database_.prepare(sql);
        if (!statement) return std::move(statement).error();
        const auto sum = statement->one_number();
        if (!sum) return sum.error();
        *total = sum->value_or(0);
    }
    return {};
}

Result<Kept> TelemetryStore::take(Signal signal, std::string_view request, Nanoseconds now) {
    const Totals before = totals_;
    Request sink(*this, now);
    Kept kept;
    auto done = database_.transact([&]() -> Result<void> {
        auto taken = read_otlp(signal, request, sink);
        if (!taken) return std::move(taken).error();
        kept.taken = std::move(*taken);
        return {};
    });
    if (!done) {
        totals_ = before;
        return std::move(done).error();
    }
    kept.agents = std::move(sink.agents);
    return kept;
}

Result<TelemetryStore::TraceRow> TelemetryStore::trace_of(const Span& span, const Resource& resource) {
    auto row = find_trace_.bind_blob(1, span.trace_id).next_row();
    if (!row) return std::move(row).error();
    if (*row) {
        const TraceRow trace{find_trace_.number(0), find_trace_.number(1) != 0, find_trace_.number(2)};
        if (auto end = find_trace_.next_row(); !end) return std::move(end).error();
        return trace;
    }
    const bool is_root = span.parent_id.empty();
    const auto id = add_trace_.bind_blob(1, span.trace_id)
                        .bind(2, span.start)
                        .bind(3, span.end)
                        .bind_text(4, span.name)
                        .bind_text(5, resource.service)
                        .bind(6, is_root ? 1 : 0)
                        .one_number();
    if (!id) return id.error();
    return TraceRow{id->value_or(0), is_root, span.start};
}

Result<std::int64_t> TelemetryStore::resource_of(std::int64_t trace, const Resource& resource, std::int64_t& bytes) {
    const std::string digest = digest_of(resource);
    const auto found = find_resource_.bind(1, trace).bind_blob(2, digest).one_number();
    if (!found) return found.error();
    if (*found) return **found;
    bytes += bytes_of(resource);
    const auto added = add_resource_.bind(1, trace)
                           .bind_blob(2, digest)
                           .bind_text(3, resource.service)
                           .bind_text(4, resource.attributes)
                           .one_number();
    if (!added) return added.error();
    return added->value_or(0);
}

Result<void> TelemetryStore::keep(const Resource& resource, const Span& span) {
    const auto trace = trace_of(span, resource);
    if (!trace) return trace.error();
    std::int64_t bytes = bytes_of(span);
    const auto from = resource_of(trace->id, resource, bytes);
    if (!from) return from.error();
    const auto added = add_span_.bind(1, trace->id)
                           .bind_blob(2, span.span_id)
                           .bind_blob(3, span.parent_id)
                           .bind(4, *from)
                           .bind_text(5, span.scope)
                           .bind_text(6, span.name)
                           .bind(7, span.kind)
                           .bind(8, span.start)
                           .bind(9, span.end)
                           .bind(10, span.status)
                           .bind_text(11, span.status_message)
                           .bind_text(12, span.attributes)
                           .bind_text(13, span.events)
                           .bind_text(14, span.links)
                           .bind(15, span.dropped)
                           .one_number();
    if (!added) return added.error();
    return *added ? note_span(*trace, resource, span, bytes) : Result<void>();
}

/// A span that is new: what the list says of its trace.
Result<void> TelemetryStore::note_span(const TraceRow& trace, const Resource& resource, const Span& span,
                                       std::int64_t bytes) {
    constexpr int kError = 2;
    auto done = note_span_.bind(1, trace.id)
                    .bind(2, span.start)
                    .bind(3, span.end)
                    .bind(4, span.status == kError ? 1 : 0)
                    .bind(5, bytes)
                    .run();
    const bool is_root = span.parent_id.empty();
    const bool is_better = is_root != trace.has_root ? is_root : span.start < trace.name_time;
    if (done && is_better)
        done = name_trace_.bind(1, trace.id)
                   .bind_text(2, span.name)
                   .bind_text(3, resource.service)
                   .bind(4, span.start)
                   .bind(5, is_root ? 1 : 0)
                   .run();
    if (done && resource.instance) done = add_agent_.bind_blob(1, resource.instance->bytes()).bind(2, trace.id).run();
    if (!done) return done;
    totals_.spans += 1;
    totals_.trace_bytes += bytes;
    return make_room();
}

}  // namespace server
