// What /proc says of a process.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <optional>
#include <string_view>
#include <vector>

namespace telemetry {

/// Of /proc/PID/stat; times in seconds.
struct ProcessFigures {
    double user_seconds = 0, system_seconds = 0;
    double ended_user_seconds = 0, ended_system_seconds = 0;  ///< Of children that have ended and were waited for.
    double threads = 0;
    double started_seconds = 0;  ///< After the boot.
    double virtual_bytes = 0, resident_bytes = 0;
};
/// Nothing for a text that is none of the kernel's, or a process that has ended and was not waited for.
std::optional<ProcessFigures> parse_stat(std::string_view stat);
std::optional<ProcessFigures> read_figures(pid_t pid);

struct DiskBytes {
    double read = 0, written = 0;
};
/// Of /proc/PID/io.
std::optional<DiskBytes> parse_io(std::string_view io);
/// Nothing where the process is not ours to look at. So with the next one.
std::optional<DiskBytes> read_disk_bytes(pid_t pid);
std::optional<double> count_descriptors(pid_t pid);

double seconds_since_boot();

/// The process, its children and theirs, as far as they are there just now; at most `most`. Where the kernel does not
/// show children, the process alone.
std::vector<pid_t> process_tree(pid_t pid, std::size_t most = 1000);

}  // namespace telemetry
