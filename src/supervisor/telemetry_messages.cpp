#include "supervisor/telemetry_messages.hpp"

#include <algorithm>

#include "net/http.hpp"

namespace supervisor {

telemetry::Carrier parse_trace_context(std::string_view data) {
    telemetry::Carrier carrier;
    while (!data.empty()) {
        std::string_view line = data.substr(0, data.find('\n'));
        data.remove_prefix(std::min(line.size() + 1, data.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        const std::size_t colon = std::min(line.find(':'), line.size());
        const std::string_view name = line.substr(0, colon);
        const std::size_t begin = std::min(line.find_first_not_of(" \t", colon + 1), line.size());
        const std::string value(line.substr(begin));
        if (net::is_same_token(name, "traceparent")) carrier.traceparent = value;
        if (net::is_same_token(name, "tracestate")) carrier.tracestate = value;
        if (net::is_same_token(name, "baggage")) carrier.baggage = value;
    }
    return carrier;
}

}  // namespace supervisor
