// The names of an agent's output files: the live one, and those that were rotated away, by a number that grows and is
// never given again, so that a file keeps its name for as long as it is there. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/units.hpp"

namespace output {

/// "agent.log.7", or "agent.log.7.gz".
struct Rotated {
    std::uint64_t number = 0;
    bool is_packed = false;
    friend bool operator==(const Rotated&, const Rotated&) = default;
};

/// What `name` says, if it is the name of a rotated file of `live`.
std::optional<Rotated> parse_rotated(std::string_view live, std::string_view name);
std::string name_of(std::string_view live, const Rotated& rotated);

/// A rotated file, and how long ago it was written to last.
struct Aged {
    Rotated file;
    base::Duration age{};
};
/// What need not be kept: all but the `keep` newest numbers, and what is older than `keep_for` (0: for ever).
std::vector<Rotated> surplus(const std::vector<Aged>& files, unsigned keep, base::Duration keep_for);

/// The plain ones of which there is a packed one too: a stop came between the two steps of packing, and the packed one
/// has its name only since it is whole.
std::vector<Rotated> packed_twice(const std::vector<Rotated>& files);

}  // namespace output
