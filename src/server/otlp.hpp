// OTLP's requests, read piece by piece: what a request makes of memory does not grow with what it claims to hold.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "server/telemetry.hpp"

namespace server {

/// What became of a request that was taken.
struct Taken {
    std::int64_t rejected = 0;  ///< Spans, points or records that are not kept.
    std::string reason;         ///< Why the first of them is not.
};

/// Gives what an Export…ServiceRequest holds to `sink`, in its order.
///
/// A single span, point or record that cannot be kept is counted: one that is not protobuf in itself (text that is not
/// UTF-8, nested too deep), over half a MiB, with ids of a wrong length, a time or a value that is none; and what comes
/// behind the 50,000th, so that one request does not keep the others waiting.
/// Errors: invalid (the request is not protobuf), and those of the sink, at which reading ends.
base::Result<Taken> read_otlp(Signal signal, std::string_view request, TelemetrySink& sink);

/// The body of an answer of status 200.
std::string export_response(const Taken& taken);
/// The body of any other: google.rpc.Status with the code of gRPC that goes with that of HTTP.
std::string error_status(unsigned http_status, std::string_view message);
/// The same as JSON.
std::string error_status_json(unsigned http_status, std::string_view message);

}  // namespace server
