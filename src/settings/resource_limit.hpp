// The limits of setrlimit(2) as the settings name them.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "settings/agent_privileges.hpp"

namespace settings {

/// "nofile" and "1024", "1024:4096" or "unlimited:unlimited". Sizes may have units, as CPU time and times may.
/// Errors: invalid, to follow the name of the key.
base::Result<ResourceLimit> parse_limit(const std::string& name, std::string_view text);
/// "1024:4096", "unlimited".
std::string limit_text(const ResourceLimit& limit);
/// 50 of "50%", at least 1.
std::optional<std::uint64_t> parse_cpu_share(std::string_view text);
/// "nofile, nproc, …".
std::string limit_names();

}  // namespace settings
