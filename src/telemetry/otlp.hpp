// Records as OTLP's messages, and its answers. The only user of the generated code. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/metrics.hpp"
#include "telemetry/records.hpp"

namespace telemetry {

/// Who says it: attributes of the agent, and the program that speaks.
struct Source {
    Attributes resource;
    std::string scope;
    std::string scope_version;
};

/// Export requests in protobuf. Texts that are not UTF-8 are made so.
std::string encode(const Source& source, const std::vector<SpanRecord>& spans);
std::string encode(const Source& source, const std::vector<LogRecord>& records);
/// Cumulative from `start_unix_nano` to `now_unix_nano`.
std::string encode(const Source& source, const std::vector<MetricData>& metrics, std::uint64_t start_unix_nano,
                   std::uint64_t now_unix_nano);

/// What the receiver has not taken of a request that it answered with success. Its words are bounded.
struct PartialSuccess {
    std::uint64_t rejected = 0;
    std::string error_message;
};
/// Nothing if all was taken, or if the body is not such an answer.
std::optional<PartialSuccess> parse_response(std::string_view body);
/// The message of an answer with an error (google.rpc.Status), or empty.
std::string parse_error(std::string_view body);

}  // namespace telemetry
