#include "server/telemetry_store.hpp"

#include <filesystem>

#include "base/files.hpp"
#include "base/log.hpp"
#include "server/telemetry_schema.hpp"

namespace server {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr int kVersion = 2;

std::int64_t text_bytes(const Resource& resource) {
    return static_cast<std::int64_t>(resource.service.size() + resource.attributes.size());
}

std::int64_t text_bytes(const Span& span) {
    return static_cast<std::int64_t>(span.name.size() + span.scope.size() + span.status_message.size() +
                                     span.attributes.size() + span.events.size() + span.links.size());
}

base::Error with_remedy(base::Error error, const std::string& file) {
    return std::move(error)
        .within("telemetry file '" + file + "'")
        .hint("stop the server that uses it, or remove the file: it holds nothing but telemetry");
}

base::Error unreadable(const base::Error& error) {
    return {Kind::invalid, error.text()};
}

/// With the journal, which would be taken for that of the next file of this name.
Result<std::string> set_aside(const std::string& file) {
    auto aside = base::set_aside(file);
    if (!aside) return std::move(aside).error();
    std::error_code ignored;
    if (std::filesystem::exists(file + "-wal", ignored))
        if (auto moved = base::set_aside(file + "-wal"); !moved) return std::move(moved).error();
    return aside->string();
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
        if (!is_noted_ && resource_.instance) agents.insert(*resource_.instance);
        is_noted_ = true;
    }

    TelemetryStore& store_;
    Nanoseconds now_;
    Resource resource_;
    bool is_noted_ = false;
};

/// Telemetry is not worth a server that does not start: a file that is no good makes room for a new one.
Result<std::unique_ptr<TelemetryStore>> TelemetryStore::open(const std::string& file, TelemetryLimits limits) {
    auto store = open_as_it_is(file, limits);
    if (!store && store.error().kind() == Kind::invalid) {
        const auto aside = set_aside(file);
        if (!aside) return with_remedy(aside.error(), file);
        base::log::warning("telemetry.set_aside",
                           {{"file", file}, {"kept_as", *aside}, {"reason", store.error().text()}});
        store = open_as_it_is(file, limits);
    }
    return store ? std::move(store) : with_remedy(std::move(store).error(), file);
}

/// Errors: invalid (what the file holds), io.
Result<std::unique_ptr<TelemetryStore>> TelemetryStore::open_as_it_is(const std::string& file, TelemetryLimits limits) {
    auto database = Database::open_private(file);
    if (!database) return std::move(database).error();
    auto store = std::make_unique<TelemetryStore>();
    store->limits_ = limits;
    store->database_ = std::move(*database);
    auto ready = store->make_tables();
    if (!ready) return std::move(ready).error();
    ready = store->prepare();
    if (ready) ready = store->count();
    if (!ready) return unreadable(ready.error());
    ready = store->database_.transact([&] { return store->make_room(); });  // the limits may be lower now
    if (!ready) return std::move(ready).error();
    return store;
}

Result<void> TelemetryStore::make_tables() {
    auto version = database_.prepare("PRAGMA user_version");
    const auto found = version ? version->one_number() : version.error();
    if (!found) return unreadable(found.error());
    *version = {};
    if (*found == kVersion) return {};
    if (*found != 0) return Error(Kind::invalid, "it has the tables of another version of this server");
    return database_.transact([&] { return database_.execute(kTelemetrySchema); });
}

Result<void> TelemetryStore::prepare() {
    return database_.prepare({
        {&find_trace_, "SELECT id, has_root, name_time FROM trace WHERE trace_id = ?1"},
        {&add_trace_,
         "INSERT INTO trace (trace_id, start_time, end_time, name, service, name_time, has_root)"
         " VALUES (?1, ?2, ?3, ?4, ?5, ?2, ?6) RETURNING id"},
        {&find_resource_, "SELECT id FROM trace_resource WHERE trace = ?1 AND digest = ?2"},
        {&add_resource_,
         "INSERT INTO trace_resource (trace, digest, service, attributes, dropped) VALUES (?1, ?2, ?3, ?4, ?5)"
         " RETURNING id"},
        {&find_span_, "SELECT 1 FROM span WHERE trace = ?1 AND span_id = ?2"},
        {&add_span_, "INSERT INTO span VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)"},
        {&note_span_,
         "UPDATE trace SET start_time = min(start_time, ?2), end_time = max(end_time, ?3), spans = spans + 1,"
         " errors = errors + ?4, bytes = bytes + ?5 WHERE id = ?1"},
        {&name_trace_, "UPDATE trace SET name = ?2, service = ?3, name_time = ?4, has_root = ?5 WHERE id = ?1"},
        {&add_agent_, "INSERT OR IGNORE INTO trace_agent VALUES (?1, ?2)"},
        {&oldest_trace_, "SELECT id, spans, bytes FROM trace ORDER BY id LIMIT 1"},
        {&remove_trace_, "DELETE FROM trace WHERE id = ?1"},
        {&add_log_record_,
         "INSERT INTO log_record VALUES (NULL, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)"},
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
    struct Counted {  // what fails or throws has not been counted either
        ~Counted() {
            if (!is_kept) now = before;
        }
        Totals& now;
        const Totals before = now;
        bool is_kept = false;
    } counted{totals_};
    Request sink(*this, now);
    Kept kept;
    auto done = database_.transact([&]() -> Result<void> {
        auto taken = read_otlp(signal, request, sink);
        if (!taken) return std::move(taken).error();
        kept.taken = std::move(*taken);
        return {};
    });
    if (!done) return std::move(done).error();
    counted.is_kept = true;
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
    const auto found = find_resource_.bind(1, trace).bind_blob(2, resource.digest).one_number();
    if (!found) return found.error();
    if (*found) return **found;
    bytes += kRowBytes + text_bytes(resource);
    const auto added = add_resource_.bind(1, trace)
                           .bind_blob(2, resource.digest)
                           .bind_text(3, resource.service)
                           .bind_text(4, resource.attributes)
                           .bind(5, resource.dropped)
                           .one_number();
    if (!added) return added.error();
    return added->value_or(0);
}

Result<void> TelemetryStore::keep(const Resource& resource, const Span& span) {
    const auto trace = trace_of(span, resource);
    if (!trace) return trace.error();
    const auto found = find_span_.bind(1, trace->id).bind_blob(2, span.span_id).one_number();
    if (!found) return found.error();
    if (*found) return {};
    std::int64_t bytes = kRowBytes + text_bytes(span);
    const auto from = resource_of(trace->id, resource, bytes);
    if (!from) return from.error();
    auto added = add_span_.bind(1, trace->id)
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
                     .run();
    return added ? note_span(*trace, resource, span, bytes) : added;
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
