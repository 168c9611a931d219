#include "settings/capability_name.hpp"

#include <algorithm>
#include <cctype>
#include <iterator>

namespace settings {
namespace {

/// By their numbers; see capabilities(7).
constexpr std::string_view kNames[] = {
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SETPCAP",
    "LINUX_IMMUTABLE",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_ADMIN",
    "NET_RAW",
    "IPC_LOCK",
    "IPC_OWNER",
    "SYS_MODULE",
    "SYS_RAWIO",
    "SYS_CHROOT",
    "SYS_PTRACE",
    "SYS_PACCT",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_NICE",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "MKNOD",
    "LEASE",
    "AUDIT_WRITE",
    "AUDIT_CONTROL",
    "SETFCAP",
    "MAC_OVERRIDE",
    "MAC_ADMIN",
    "SYSLOG",
    "WAKE_ALARM",
    "BLOCK_SUSPEND",
    "AUDIT_READ",
    "PERFMON",
    "BPF",
    "CHECKPOINT_RESTORE",
};
constexpr std::string_view kPrefix = "CAP_";

}  // namespace

std::optional<int> parse_capability(std::string_view name) {
    std::string upper;
    for (const char c : name) upper += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    std::string_view rest = upper;
    if (rest.starts_with(kPrefix)) rest.remove_prefix(kPrefix.size());
    const auto found = std::ranges::find(kNames, rest);
    if (found == std::end(kNames)) return std::nullopt;
    return static_cast<int>(found - std::begin(kNames));
}

std::string capability_name(int number) {
    const bool is_known = number >= 0 && static_cast<std::size_t>(number) < std::size(kNames);
    return std::string(kPrefix) + (is_known ? std::string(kNames[number]) : std::to_string(number));
}

std::string capability_names(std::uint64_t set) {
    std::string names;
    for (int number = 0; number < 64; ++number)
        if ((set >> number & 1) != 0) names += (names.empty() ? "" : " ") + capability_name(number);
    return names;
}

std::uint64_t all_capabilities() {
    return (std::uint64_t{1} << std::size(kNames)) - 1;
}

}  // namespace settings
