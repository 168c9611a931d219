#include "server/telemetry_rest.hpp"

#include "base/bytes.hpp"
#include "base/number.hpp"
#include "server/json.hpp"
#include "server/rest.hpp"
#include "server/telemetry_queries.hpp"

namespace server {
namespace {

using base::Error;
using base::Kind;
using base::Result;

constexpr std::int64_t kMostOfList = 500;

/// The value of a parameter of the query, as it stands there; empty without one.
std::string_view parameter(std::string_view target, std::string_view name) {
    const auto begin = target.find('?');
    std::string_view query = begin == std::string_view::npos ? std::string_view() : target.substr(begin + 1);
    while (!query.empty()) {
        const auto end = query.find('&');
        const std::string_view pair = query.substr(0, end);
        if (pair.starts_with(name) && pair.substr(name.size()).starts_with('=')) return pair.substr(name.size() + 1);
        query = end == std::string_view::npos ? std::string_view() : query.substr(end + 1);
    }
    return {};
}

Result<std::int64_t> number(std::string_view target, std::string_view name, std::int64_t standard, std::int64_t most) {
    const std::string_view text = parameter(target, name);
    if (text.empty()) return standard;
    const auto value = base::parse_number<std::int64_t>(text);
    if (value && *value >= 1 && *value <= most) return *value;
    return Error(Kind::invalid, std::string(name) + ": '" + base::shortened(text, 64) + "' is not a number from 1 to " +
                                    std::to_string(most));
}

/// What an address names.
struct Place {
    enum class List { none, totals, traces, trace, log_records, metrics };
    List list = List::none;
    std::string_view name = {};  ///< Of the trace or the agent.
    bool is_of_agent = false;
};

Place place_of(std::string_view path) {
    constexpr std::string_view kTraces = "/api/traces", kAgents = "/api/agents/";
    if (path == "/api/telemetry") return {Place::List::totals};
    if (path == kTraces) return {Place::List::traces};
    if (path.starts_with("/api/traces/")) return {Place::List::trace, path.substr(kTraces.size() + 1)};
    if (!path.starts_with(kAgents)) return {};
    path.remove_prefix(kAgents.size());
    const auto slash = path.find('/');
    const std::string_view part = slash == std::string_view::npos ? std::string_view() : path.substr(slash);
    const std::string_view uid = path.substr(0, slash);
    if (part == "/traces") return {Place::List::traces, uid, true};
    if (part == "/log-records") return {Place::List::log_records, uid, true};
    if (part == "/metrics") return {Place::List::metrics, uid, true};
    return {};
}

}  // namespace

bool TelemetryRest::is_for(const net::HttpRequest& request) {
    return place_of(request.path()).list != Place::List::none;
}

async::Task<net::HttpResponse> TelemetryRest::respond(net::HttpRequest request) {
    if (request.method != "GET" && request.method != "HEAD") {
        net::HttpResponse wrong = json_response(405, error_json("this address takes GET"));
        wrong.headers.push_back({"Allow", "GET"});
        co_return wrong;
    }
    auto json = co_await answer(request);
    if (!json) co_return error_response(json.error());
    net::HttpResponse response = json_response(200, std::move(*json));
    response.may_be_compressed = true;
    co_return response;
}

async::Task<Result<std::string>> TelemetryRest::answer(const net::HttpRequest& request) {
    const Place place = place_of(request.path());
    const auto limit = number(request.target, "limit", 50, kMostOfList);
    if (!limit) co_return limit.error();
    const auto severity = number(request.target, "severity", 0, 24);
    if (!severity) co_return severity.error();
    const auto agent = place.is_of_agent ? base::Uuid::parse(place.name) : std::nullopt;
    if (place.is_of_agent && !agent)
        co_return Error(Kind::not_found, "'" + std::string(place.name) + "' is not an instance_uid");
    const Window window{parameter(request.target, "before"), *limit};
    const auto read = [&](TelemetryStore& store) -> Result<std::string> {
        switch (place.list) {
        case Place::List::totals: return totals_json(store);
        case Place::List::traces: return traces_json(store, agent, window);
        case Place::List::trace: return trace_json(store, place.name);
        case Place::List::log_records: return log_records_json(store, *agent, static_cast<int>(*severity), window);
        case Place::List::metrics: return metrics_json(store, *agent);
        case Place::List::none: break;
        }
        return Error(Kind::not_found, "there is nothing at this address");
    };
    co_return co_await keeper_.ask(read);
}

}  // namespace server
