// OTLP over HTTP on the agents' address: traces, metrics and logs in protobuf, gzipped or not.
#pragma once

#include <optional>
#include <string_view>

#include "net/http.hpp"
#include "server/telemetry_keeper.hpp"

namespace server {

/// The signal that is taken at this path: /v1/traces, /v1/metrics, /v1/logs.
std::optional<Signal> signal_at(std::string_view path);

/// Spec    OTLP/HTTP: 200 with what was rejected; 400, 405, 413, 415 are not to be tried again; 503 is, after
///         Retry-After. The body of an error is google.rpc.Status; of what is no HTTP that can be read, such as broken
///         gzip, net answers with a line of text.
class OtlpEndpoint {
public:
    explicit OtlpEndpoint(TelemetryKeeper& keeper) : keeper_(keeper) {}

    async::Task<net::HttpResponse> respond(net::HttpRequest request, Signal signal);

    /// A refusal in the words of OTLP, whose text is that of `plain`.
    static net::HttpResponse refusal(const net::HttpRequest& request, net::HttpResponse plain);

private:
    TelemetryKeeper& keeper_;
};

}  // namespace server
