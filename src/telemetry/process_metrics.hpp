// What processes cost, from /proc: CPU, memory, threads, descriptors, disk.
#pragma once

#include <sys/types.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "telemetry/metrics.hpp"
#include "telemetry/proc_files.hpp"

namespace telemetry {

struct ObservedProcess {
    /// `tree`: the sum of it, its children and theirs, and of those of them that have ended.
    enum class Extent { process, tree };
    std::string executable_name;  ///< Once in a list.
    pid_t pid = 0;
    Extent extent = Extent::tree;
};

/// The metrics process.* of a list of processes, each with the attribute process.executable.name: cpu.time,
/// memory.usage and memory.virtual, thread.count, unix.file_descriptor.count, uptime, and disk.io of trees (the kernel
/// adds that of ended children to a process). What the kernel does not show is not reported.
///
/// cpu.time and disk.io go on when a process is followed by another one of its name: they are sums over all of them,
/// less what the last one used since the last collection, and are never less than before. Pages that several
/// processes share are counted for each. A child whose parents have ended is not found.
///
/// Cost    at a collection alone: four files a process of a tree, and one more a thread.
/// Ends    outlives the meter's last collection, which asks it.
/// Spec    OpenTelemetry, "Semantic conventions for OS process metrics".
class ProcessMetrics {
public:
    using List = std::function<std::vector<ObservedProcess>()>;

    ProcessMetrics(Meter& meter, List list);
    ProcessMetrics(const ProcessMetrics&) = delete;
    ProcessMetrics& operator=(const ProcessMetrics&) = delete;

private:
    /// A counter of which the kernel forgets a part with each process.
    struct Total {
        double of_ended = 0;
        double of_this = 0;

        void end() { of_ended += std::exchange(of_this, 0); }
        void see(double value) { of_this = std::max(of_this, value); }
        double value() const { return of_ended + of_this; }
    };
    struct Counters {
        pid_t pid = 0;
        double started = 0;  ///< With it a PID that is used again is another process.
        Total user, system, read, written;
    };

    void observe();
    void observe(const ObservedProcess& process);
    Counters& counters_of(const ObservedProcess& process, double started);

    const List list_;
    Instrument &cpu_time_, &memory_, &virtual_memory_, &threads_, &descriptors_, &uptime_, &disk_io_;
    std::map<std::string, Counters> counters_;
};

}  // namespace telemetry
