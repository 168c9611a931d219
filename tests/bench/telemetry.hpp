// What it costs a daemon to tell a receiver of OTLP what it does: beside one that tells nothing, in the same run.
#pragma once

#include "bench/rig.hpp"

namespace bench {

/// False when a budget is missed.
bool measure_telemetry(Rig& rig, int runs);

}  // namespace bench
