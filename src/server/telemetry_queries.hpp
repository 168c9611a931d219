// What the telemetry's store holds, as the JSON of the REST interface.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "base/uuid.hpp"
#include "server/telemetry_store.hpp"

namespace server {

/// A part of a list: the newest `limit`, or those before where another part ended.
struct Window {
    std::string_view before;  ///< The "next" of an earlier answer, or empty.
    std::int64_t limit = 50;
};

/// {"traces": [{"trace_id", "name", "service", "has_root", "start", "duration_ns", "spans", "errors"}], "next": …},
/// those that arrived last first; of one agent, or all. Errors: invalid (`before`), io.
base::Result<std::string> traces_json(TelemetryStore& store, const std::optional<base::Uuid>& agent,
                                      const Window& window);

/// One trace: {"trace_id", "start", "resources": […], "spans": […], "log_records": […], "is_cut"}; the "resource" of a
/// span is its place among them. Errors: not_found, io.
base::Result<std::string> trace_json(TelemetryStore& store, std::string_view trace_id);

/// {"log_records": […], "next": …} of an agent, the newest first, from that severity on. Errors: invalid, io.
base::Result<std::string> log_records_json(TelemetryStore& store, const base::Uuid& agent, int severity,
                                           const Window& window);

/// {"metrics": […], "is_cut"} of an agent, by name. Errors: io.
base::Result<std::string> metrics_json(TelemetryStore& store, const base::Uuid& agent);

/// How much there is.
std::string totals_json(const TelemetryStore& store);

}  // namespace server
