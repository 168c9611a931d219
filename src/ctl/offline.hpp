// The commands that need no daemon.
#pragma once

#include "base/result.hpp"
#include "ctl/options.hpp"
#include "ctl/run.hpp"

namespace ctl {

/// Errors: invalid or not_found (a file), refused, io.
base::Result<End> work_offline(const Options& options);

}  // namespace ctl
