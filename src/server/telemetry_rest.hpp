// The part of the REST interface that reads telemetry.
#pragma once

#include "net/http.hpp"
#include "server/telemetry_keeper.hpp"

namespace server {

/// GET /api/telemetry                        how much is kept
/// GET /api/traces                           traces, the newest first
/// GET /api/traces/{trace_id}                one of them, whole
/// GET /api/agents/{uid}/traces              those an agent has a part in
/// GET /api/agents/{uid}/log-records         its log records, the newest first; ?severity=13 from WARN on
/// GET /api/agents/{uid}/metrics             the newest value of each of its series
///
/// Lists take ?limit= and ?before=, the "next" of the part before. Errors are {"error": "…"} with a fitting status.
class TelemetryRest {
public:
    explicit TelemetryRest(TelemetryKeeper& keeper) : keeper_(keeper) {}

    static bool is_for(const net::HttpRequest& request);
    async::Task<net::HttpResponse> respond(net::HttpRequest request);

private:
    async::Task<base::Result<std::string>> answer(const net::HttpRequest& request);

    TelemetryKeeper& keeper_;
};

}  // namespace server
