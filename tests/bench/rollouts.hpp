// What a rollout costs beside the agent's own time, and what ten thousand of them leave behind.
#pragma once

#include "bench/rig.hpp"

namespace bench {

/// Of an agent with an HTTP probe. False when a budget is missed.
bool measure_rollouts(Rig& rig, int runs);
bool measure_many_offers(Rig& rig);
/// Of nginx under its preset: its check, the signal, its new workers.
bool measure_reloads(Rig& rig, int runs);

}  // namespace bench
