// The switch by which the server turns agents away for a while: an overload that an operator, or a test, declares.
#pragma once

#include <optional>

#include "base/units.hpp"

namespace server {

/// Spec: "Throttling".
struct Throttle {
    enum class Mode {
        none,
        unavailable,  ///< Every report is answered with UNAVAILABLE, and not taken in.
        http_503,     ///< Upgrades and POSTs are refused; WebSockets that stand go on.
        http_429,
    };
    Mode mode = Mode::none;
    std::optional<base::Duration> retry_after;
};

}  // namespace server
