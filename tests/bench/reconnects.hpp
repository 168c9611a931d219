// How a fleet comes back to a server that was away.
#pragma once

#include <filesystem>
#include <vector>

#include "base/units.hpp"

namespace bench {

/// 1,000 clients in this process, with opampd's own connection and its default policy, and a real opamp-server that is
/// away for two seconds: when each of them is connected again, from the server's start, in order. Throws after 90 s in
/// all.
std::vector<base::Duration> measure_reconnects(const std::filesystem::path& bin);

/// As a histogram of ten buckets.
void print_reconnects(const std::vector<base::Duration>& times);

}  // namespace bench
