// Where telemetry goes: an OTLP/HTTP receiver of one signal.
#pragma once

#include <chrono>
#include <map>
#include <string_view>

#include "base/units.hpp"
#include "net/client.hpp"

namespace telemetry {

enum class Signal { traces, metrics, logs };
inline constexpr Signal kSignals[] = {Signal::traces, Signal::metrics, Signal::logs};

/// "traces", "metrics", "logs": also the last part of the receiver's usual path, /v1/traces.
std::string_view to_string(Signal signal);

/// The signal's usual receiver below `base`: /v1/traces is added to its path. Spec: OpenTelemetry, "Endpoint URLs for
/// OTLP/HTTP".
net::Url url_below(net::Url base, Signal signal);

struct Destination {
    net::ClientOptions client;  ///< The URL is used as it is. Spec: "TelemetryConnectionSettings.destination_endpoint".
    bool compresses = true;     ///< gzip
    base::Duration timeout = std::chrono::seconds(10);  ///< For one request with its answer.
    friend bool operator==(const Destination&, const Destination&) = default;
};

/// A signal without one goes nowhere.
using Destinations = std::map<Signal, Destination>;

}  // namespace telemetry
