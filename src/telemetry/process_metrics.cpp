#include "telemetry/process_metrics.hpp"

#include <algorithm>
#include <utility>

namespace telemetry {
namespace {

using Extent = ObservedProcess::Extent;

/// The sum over a tree.
struct Sum {
    ProcessFigures figures;
    std::optional<double> descriptors, bytes_read, bytes_written;

    void add(const ProcessFigures& other) {
        figures.user_seconds += other.user_seconds;
        figures.system_seconds += other.system_seconds;
        figures.ended_user_seconds += other.ended_user_seconds;
        figures.ended_system_seconds += other.ended_system_seconds;
        figures.threads += other.threads;
        figures.virtual_bytes += other.virtual_bytes;
        figures.resident_bytes += other.resident_bytes;
    }
};

void add(std::optional<double>& sum, const std::optional<double>& value) {
    if (value) sum = sum.value_or(0) + *value;
}

Sum sum_of(const ObservedProcess& process) {
    const bool is_tree = process.extent == Extent::tree;
    Sum sum;
    for (const pid_t pid : is_tree ? process_tree(process.pid) : std::vector{process.pid}) {
        const auto figures = read_figures(pid);
        if (!figures) continue;
        sum.add(*figures);
        add(sum.descriptors, count_descriptors(pid));
        if (!is_tree) continue;
        if (const auto bytes = read_disk_bytes(pid)) {
            add(sum.bytes_read, bytes->read);
            add(sum.bytes_written, bytes->written);
        }
    }
    return sum;
}

void set_if(Instrument& instrument, const std::optional<double>& value, const Attributes& attributes) {
    if (value) instrument.set(*value, attributes);
}

}  // namespace

ProcessMetrics::ProcessMetrics(Meter& meter, List list)
    : list_(std::move(list)),
      cpu_time_(meter.add({"process.cpu.time", MetricKind::counter, "s", "CPU time used, by mode."})),
      memory_(meter.add(
          {"process.memory.usage", MetricKind::up_down_counter, "By", "The amount of physical memory in use."})),
      virtual_memory_(meter.add(
          {"process.memory.virtual", MetricKind::up_down_counter, "By", "The amount of committed virtual memory."})),
      threads_(meter.add({"process.thread.count", MetricKind::up_down_counter, "{thread}", "Threads."})),
      descriptors_(meter.add({"process.unix.file_descriptor.count", MetricKind::up_down_counter, "{file_descriptor}",
                              "File descriptors in use."})),
      uptime_(meter.add({"process.uptime", MetricKind::gauge, "s", "How long the process has been running."})),
      disk_io_(meter.add({"process.disk.io", MetricKind::counter, "By", "Bytes from and to disks, by direction."})) {
    meter.observe([this] { observe(); });
}

void ProcessMetrics::observe() {
    for (Instrument* gauge : {&memory_, &virtual_memory_, &threads_, &descriptors_, &uptime_}) gauge->clear();
    for (const ObservedProcess& process : list_()) observe(process);
}

void ProcessMetrics::observe(const ObservedProcess& process) {
    const auto leader = read_figures(process.pid);
    if (!leader) return;
    const Sum sum = sum_of(process);
    const Attributes name{{"process.executable.name", process.executable_name}};
    const auto with = [&](const char* key, const char* value) {
        Attributes attributes = name;
        attributes.emplace_back(key, std::string(value));
        return attributes;
    };
    memory_.set(sum.figures.resident_bytes, name);
    virtual_memory_.set(sum.figures.virtual_bytes, name);
    threads_.set(sum.figures.threads, name);
    uptime_.set(seconds_since_boot() - leader->started_seconds, name);
    set_if(descriptors_, sum.descriptors, name);

    // The time of ended children is part of a tree's; the daemon's ended children are the agents, and count for
    // themselves.
    const bool is_tree = process.extent == Extent::tree;
    Counters& counters = counters_of(process, leader->started_seconds);
    counters.user.see(sum.figures.user_seconds + (is_tree ? sum.figures.ended_user_seconds : 0));
    counters.system.see(sum.figures.system_seconds + (is_tree ? sum.figures.ended_system_seconds : 0));
    cpu_time_.set(counters.user.value(), with("cpu.mode", "user"));
    cpu_time_.set(counters.system.value(), with("cpu.mode", "system"));
    if (!sum.bytes_read) return;
    counters.read.see(*sum.bytes_read);
    counters.written.see(*sum.bytes_written);
    disk_io_.set(counters.read.value(), with("disk.io.direction", "read"));
    disk_io_.set(counters.written.value(), with("disk.io.direction", "write"));
}

ProcessMetrics::Counters& ProcessMetrics::counters_of(const ObservedProcess& process, double started) {
    Counters& counters = counters_[process.executable_name];
    if (counters.pid != process.pid || counters.started != started) {
        for (Total* total : {&counters.user, &counters.system, &counters.read, &counters.written}) total->end();
        counters.pid = process.pid;
        counters.started = started;
    }
    return counters;
}

}  // namespace telemetry
