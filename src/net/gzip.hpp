// Bodies in gzip's format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.hpp"

namespace net {

std::string gzip(std::string_view bytes);

/// What `packed` holds, one member or several (RFC 1952, 2.2). Memory is taken for what has really come out, so that a
/// bomb costs no more than `limit`.
/// Errors: too_large (more than `limit` bytes), invalid (not gzip, cut short, damaged, followed by something else).
base::Result<std::string> gunzip(std::string_view packed, std::uint64_t limit);

}  // namespace net
