// What it costs to take an agent's output, beside programs that do nothing else.
#pragma once

#include "bench/rig.hpp"

namespace bench {

/// A GiB as fast as it is taken, and 1,000 lines a second, with rotation: by opampd, by s6-log and by cat.
bool measure_output(Rig& rig, int runs);

}  // namespace bench
