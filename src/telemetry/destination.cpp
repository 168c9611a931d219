#include "telemetry/destination.hpp"

#include <algorithm>
#include <string>

namespace telemetry {

std::string_view to_string(Signal signal) {
    switch (signal) {
    case Signal::traces: return "traces";
    case Signal::metrics: return "metrics";
    case Signal::logs: return "logs";
    }
    return "traces";
}

net::Url url_below(net::Url base, Signal signal) {
    const std::size_t path_end = std::min(base.target.find('?'), base.target.size());
    const bool has_slash = path_end > 0 && base.target[path_end - 1] == '/';
    base.target.insert(path_end, (has_slash ? "v1/" : "/v1/") + std::string(to_string(signal)));
    return base;
}

}  // namespace telemetry
