// What others tell of themselves, in a SQLite file of its own: bounded, the oldest goes first.
#pragma once

#include <cstdint>
#include <memory>
#include <set>
#include <string>

#include "base/result.hpp"
#include "server/otlp.hpp"
#include "server/sqlite.hpp"
#include "server/telemetry.hpp"

namespace server {

struct TelemetryLimits {
    std::int64_t spans = 100'000;
    std::int64_t log_records = 100'000;
    std::int64_t series = 20'000;
    std::int64_t bytes = 256 << 20;  ///< Of all of them together, as they are counted; the file is somewhat larger.
};

/// Of one request.
struct Kept {
    Taken taken;
    std::set<base::Uuid> agents;  ///< Whom it told of, or claims to be an agent.
};

/// Used by one thread at a time. Every request is one transaction.
///
/// What is over a limit goes by the order of arrival, because times are what the sender says: the whole trace that came
/// first, the oldest log record, the series that has been silent longest.
class TelemetryStore {
public:
    /// ":memory:" or a file, created with its folder, readable for nobody else. One that cannot be read, or that
    /// another version has written, is set aside. Errors: io.
    static base::Result<std::unique_ptr<TelemetryStore>> open(const std::string& file, TelemetryLimits limits);

    /// Keeps what a request holds. A span that is known is passed over: senders repeat what they had no answer to.
    /// Errors: invalid (not a request of OTLP), io; nothing of it is kept then. `now` is for records without a time.
    base::Result<Kept> take(Signal signal, std::string_view request, Nanoseconds now);

    Database& database() { return database_; }

    struct Totals {
        std::int64_t spans = 0;
        std::int64_t log_records = 0;
        std::int64_t series = 0;
        std::int64_t trace_bytes = 0;
        std::int64_t log_bytes = 0;
        std::int64_t series_bytes = 0;
        std::int64_t bytes() const { return trace_bytes + log_bytes + series_bytes; }
    };
    const Totals& totals() const { return totals_; }

private:
    class Request;
    struct TraceRow {
        std::int64_t id = 0;
        bool has_root = false;
        std::int64_t name_time = 0;
    };

    /// What a row costs beside its texts, roughly, with its places in the indexes.
    static constexpr std::int64_t kRowBytes = 160;

    static base::Result<std::unique_ptr<TelemetryStore>> open_as_it_is(const std::string& file, TelemetryLimits limits);
    base::Result<void> make_tables();
    base::Result<void> prepare();
    base::Result<void> count();
    base::Result<TraceRow> trace_of(const Span& span, const Resource& resource);
    base::Result<std::int64_t> resource_of(std::int64_t trace, const Resource& resource, std::int64_t& bytes);
    base::Result<void> keep(const Resource& resource, const Span& span);
    base::Result<void> keep(const Resource& resource, const LogRecord& record, Nanoseconds now);
    base::Result<void> keep(const Resource& resource, const MetricPoint& point);
    base::Result<void> note_span(const TraceRow& trace, const Resource& resource, const Span& span, std::int64_t bytes);
    base::Result<void> make_room();
    static base::Result<void> forget_first(Statement& first, Statement& remove, std::int64_t& count,
                                           std::int64_t& bytes);

    TelemetryLimits limits_;
    Totals totals_;
    Database database_;
    Statement find_trace_, add_trace_, add_resource_, find_resource_, find_span_, add_span_, note_span_, name_trace_,
        add_agent_, add_log_record_, find_series_, add_series_, update_series_, oldest_trace_, remove_trace_,
        oldest_log_record_, remove_log_record_, oldest_series_, remove_series_;
};

}  // namespace server
