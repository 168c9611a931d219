// A store of telemetry, and what it tells as JSON.
#pragma once

#include <boost/json.hpp>

#include "server/telemetry_queries.hpp"
#include "unit/server/otlp_rig.hpp"

namespace server_test {

namespace json = boost::json;

struct Kept {
    explicit Kept(server::TelemetryLimits limits = {}, const std::string& file = ":memory:") {
        auto opened = server::TelemetryStore::open(file, limits);
        if (!opened) FAIL(opened.error().text());
        store = std::move(*opened);
    }
    server::Kept take(server::Signal signal, const std::string& bytes) {
        auto kept = store->take(signal, bytes, static_cast<server::Nanoseconds>(kNoon));
        if (!kept) FAIL(kept.error().text());
        return std::move(*kept);
    }
    json::value traces(const std::optional<base::Uuid>& agent = {}, const server::Window& window = {}) {
        return parsed(server::traces_json(*store, agent, window));
    }
    json::value trace(const std::string& id = std::string(32, 'x')) { return parsed(server::trace_json(*store, id)); }
    json::value records(int severity = 0, const server::Window& window = {}) {
        return parsed(server::log_records_json(*store, kUid, severity, window));
    }
    json::value metrics() { return parsed(server::metrics_json(*store, kUid)); }
    /// What a statement that returns one number returns.
    std::int64_t number(const char* sql) {
        auto statement = store->database().prepare(sql);
        REQUIRE(statement);
        return (*statement->one_number()).value_or(-1);
    }
    static json::value parsed(const base::Result<std::string>& text) {
        if (!text) FAIL(text.error().text());
        return json::parse(*text);
    }
    std::unique_ptr<server::TelemetryStore> store;
};

const char* const kTrace = "0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a";

/// A trace of its own for each number.
inline std::string trace_id(int number) {
    std::string id(16, '\1');
    id[0] = static_cast<char>(number / 128 + 1);
    id[1] = static_cast<char>(number % 128 + 1);
    return id;
}

}  // namespace server_test
