#include "telemetry/process_metrics.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <chrono>

#include "base/unique_fd.hpp"

using telemetry::Attributes;
using telemetry::Meter;
using telemetry::MetricPoint;
using telemetry::ObservedProcess;
using telemetry::ProcessMetrics;
using Extent = ObservedProcess::Extent;

namespace {

/// A shell that leads a group of its own; it exists once it has written a line.
class Shell {
public:
    explicit Shell(const char* script) {
        int ends[2];
        REQUIRE(::pipe2(ends, O_CLOEXEC) == 0);
        const base::UniqueFd out(ends[0]), in(ends[1]);
        pid_ = ::fork();
        REQUIRE(pid_ >= 0);
        if (pid_ == 0) {
            ::setpgid(0, 0);
            ::dup2(in.get(), STDOUT_FILENO);
            ::execl("/bin/sh", "sh", "-c", script, nullptr);
            ::_exit(127);
        }
        char byte = 0;
        REQUIRE(::read(out.get(), &byte, 1) == 1);
    }
    Shell(const Shell&) = delete;
    Shell& operator=(const Shell&) = delete;
    ~Shell() { end(); }

    pid_t pid() const { return pid_; }
    void kill() const { ::kill(-pid_, SIGKILL); }
    void end() {
        if (std::exchange(is_gone_, true)) return;
        kill();
        ::waitpid(pid_, nullptr, 0);
    }

private:
    pid_t pid_ = 0;
    bool is_gone_ = false;
};

constexpr const char* kQuiet = "echo; kill -STOP $$";
constexpr const char* kBusy = "echo; while :; do :; done";

struct Rig {
    std::optional<double> value(const char* name, const char* executable, const char* key = nullptr,
                                const char* mode = nullptr) {
        Attributes wanted{{"process.executable.name", executable}};
        if (key) wanted.emplace_back(key, std::string(mode));
        for (const auto& metric : meter.collect())
            if (metric.info->name == name)
                for (const MetricPoint& point : metric.points)
                    if (point.attributes == wanted) return point.value;
        return std::nullopt;
    }
    std::optional<double> cpu(const char* executable, const char* mode = "user") {
        return value("process.cpu.time", executable, "cpu.mode", mode);
    }
    bool until_cpu_is(double seconds, const char* executable) {
        const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (cpu(executable).value_or(0) < seconds)
            if (std::chrono::steady_clock::now() > end) return false;
        return true;
    }

    Meter meter;
    std::vector<ObservedProcess> list;
    ProcessMetrics metrics{meter, [this] { return list; }};
};

}  // namespace

TEST_CASE("a process is told by the names and units of the conventions", "[telemetry][process_metrics]") {
    Rig rig;
    rig.list = {{"unit", ::getpid(), Extent::process}};
    std::vector<std::string> seen;
    for (const auto& metric : rig.meter.collect()) seen.push_back(metric.info->name + " " + metric.info->unit);
    CHECK(seen == std::vector<std::string>{"process.cpu.time s", "process.memory.usage By", "process.memory.virtual By",
                                           "process.thread.count {thread}",
                                           "process.unix.file_descriptor.count {file_descriptor}", "process.uptime s"});
    rig.list[0].extent = Extent::tree;
    CHECK(rig.value("process.disk.io", "unit", "disk.io.direction", "read"));
    CHECK(rig.value("process.disk.io", "unit", "disk.io.direction", "write"));
}

TEST_CASE("descriptors, memory and time of a process are what it has", "[telemetry][process_metrics]") {
    Rig rig;
    rig.list = {{"unit", ::getpid(), Extent::process}};
    const double descriptors = *rig.value("process.unix.file_descriptor.count", "unit");
    const double memory = *rig.value("process.memory.usage", "unit");
    constexpr int kMore = 10;
    std::vector<base::UniqueFd> opened;
    opened.reserve(kMore);
    for (int i = 0; i < kMore; ++i) opened.emplace_back(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    constexpr std::size_t kMany = 64u << 20;
    const std::string large(kMany, 'x');
    CHECK(*rig.value("process.unix.file_descriptor.count", "unit") == descriptors + kMore);
    CHECK(*rig.value("process.memory.usage", "unit") > memory + 0.9 * kMany);
    CHECK(*rig.value("process.memory.virtual", "unit") > *rig.value("process.memory.usage", "unit"));
    CHECK(rig.until_cpu_is(*rig.cpu("unit") + 0.05, "unit"));
    CHECK(*rig.value("process.uptime", "unit") > 0);
    CHECK(*rig.value("process.uptime", "unit") < telemetry::seconds_since_boot());
    CHECK(large.size() == kMany);
}

TEST_CASE("an agent is told as the sum of its processes", "[telemetry][process_metrics]") {
    Rig rig;
    const Shell alone(kQuiet);
    const Shell three("(while :; do :; done) & (while :; do :; done) & echo; wait");
    const Shell nested("(sh -c 'echo; kill -STOP $$' & wait) & wait");
    rig.list = {{"alone", alone.pid()},
                {"three", three.pid()},
                {"leader", three.pid(), Extent::process},
                {"nested", nested.pid()}};
    CHECK(rig.value("process.thread.count", "alone") == 1.0);
    CHECK(rig.value("process.thread.count", "three") == 3.0);
    CHECK(rig.value("process.thread.count", "leader") == 1.0);
    // The kernel's count of pages in use is too coarse for so small processes.
    for (const char* name : {"process.memory.virtual", "process.unix.file_descriptor.count"})
        CHECK(*rig.value(name, "three") > *rig.value(name, "leader"));
    CHECK(rig.value("process.thread.count", "nested") == 3.0);
    CHECK(rig.until_cpu_is(0.05, "three"));
    CHECK(telemetry::process_tree(three.pid(), 2).size() == 2);
}

TEST_CASE("the time of ended children is their tree's, and not their parent's alone", "[telemetry][process_metrics]") {
    const Shell shell("(i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done); echo; kill -STOP $$");
    int status = 0;
    REQUIRE(::waitpid(shell.pid(), &status, WUNTRACED) == shell.pid());
    const auto figures = telemetry::read_figures(shell.pid());
    REQUIRE(figures);
    REQUIRE(figures->ended_user_seconds > 0);
    Rig rig;
    rig.list = {{"tree", shell.pid()}, {"process", shell.pid(), Extent::process}};
    CHECK(rig.cpu("tree") == figures->user_seconds + figures->ended_user_seconds);
    CHECK(rig.cpu("process") == figures->user_seconds);
}

TEST_CASE("the counters of an agent go on when it is started anew", "[telemetry][process_metrics]") {
    Rig rig;
    Shell first(kBusy);
    rig.list = {{"agent", first.pid()}};
    REQUIRE(rig.until_cpu_is(0.2, "agent"));
    first.kill();
    siginfo_t info{};
    REQUIRE(::waitid(P_PID, static_cast<id_t>(first.pid()), &info, WEXITED | WNOWAIT) == 0);
    // It has ended and was not waited for.
    const double before = *rig.cpu("agent");
    CHECK(before >= 0.2);
    CHECK_FALSE(rig.value("process.memory.usage", "agent"));
    first.end();
    CHECK_FALSE(rig.value("process.uptime", "agent"));
    CHECK(rig.cpu("agent") == before);

    const Shell second(kBusy);
    rig.list = {{"agent", second.pid()}};
    CHECK(*rig.cpu("agent") >= before);
    CHECK(rig.until_cpu_is(before + 0.02, "agent"));
    CHECK(telemetry::read_figures(second.pid())->user_seconds < before);
    CHECK(rig.value("process.memory.usage", "agent"));
    rig.list.clear();
    CHECK_FALSE(rig.value("process.memory.usage", "agent"));
    CHECK(*rig.cpu("agent") >= before + 0.02);
}

TEST_CASE("a process that is not there is not told", "[telemetry][process_metrics]") {
    Rig rig;
    Shell gone(kQuiet);
    gone.end();
    rig.list = {{"gone", gone.pid()}, {"none", 0}};
    CHECK(rig.meter.collect().empty());
}

TEST_CASE("the kernel's lines are read whatever a process calls itself", "[telemetry][process_metrics]") {
    const std::string rest =
        " S 1 7 7 0 -1 4194304 99 0 0 0 200 300 400 500 20 0 6 0 1000 4096 3 18446744073709551615 1 1 0 0\n";
    const auto name = GENERATE(values<std::string>({"sh", "a b", ") R 1", "((", "a\nb"}));
    CAPTURE(name);
    const auto figures = telemetry::parse_stat("7 (" + name + ")" + rest);
    REQUIRE(figures);
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    CHECK(figures->user_seconds == 200 / ticks);
    CHECK(figures->system_seconds == 300 / ticks);
    CHECK(figures->ended_user_seconds == 400 / ticks);
    CHECK(figures->ended_system_seconds == 500 / ticks);
    CHECK(figures->threads == 6);
    CHECK(figures->started_seconds == 1000 / ticks);
    CHECK(figures->virtual_bytes == 4096);
    CHECK(figures->resident_bytes == 3.0 * static_cast<double>(::sysconf(_SC_PAGESIZE)));
    CHECK_FALSE(telemetry::parse_stat("7 (" + name + ") Z" + rest.substr(2)));
    CHECK_FALSE(telemetry::parse_stat("7 (" + name + ") S 1 2 3"));
    CHECK_FALSE(telemetry::parse_stat("7 (" + name + ")"));
    CHECK_FALSE(telemetry::parse_stat(""));
}

TEST_CASE("disk bytes are those that reached the disk", "[telemetry][process_metrics]") {
    const auto bytes = telemetry::parse_io(
        "rchar: 1\nwchar: 2\nsyscr: 3\nsyscw: 4\nread_bytes: 4096\nwrite_bytes: 8192\ncancelled_write_bytes: 5\n");
    REQUIRE(bytes);
    CHECK(bytes->read == 4096);
    CHECK(bytes->written == 8192);
    CHECK_FALSE(telemetry::parse_io("rchar: 1\n"));
    CHECK_FALSE(telemetry::parse_io(""));
}
