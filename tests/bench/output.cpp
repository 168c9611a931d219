#include "bench/output.hpp"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <stdexcept>

namespace bench {
namespace {

namespace fs = std::filesystem;

struct Load {
    std::uint64_t bytes;
    int lines_per_second;  ///< 0: as fast as they are taken.
};
constexpr Load kFlood{std::uint64_t{1} << 30, 0};
constexpr Load kSteady{1000 * 100 * 5, 1000};

struct Cost {
    double taken_ms = 0;
    double cpu_ms = 0;
    double rss_mib = 0;
};

double ms_of(const timespec& time) {
    return static_cast<double>(time.tv_sec) * 1e3 + static_cast<double>(time.tv_nsec) / 1e6;
}

/// Of all threads of a process, so far.
double cpu_ms_of(pid_t pid) {
    clockid_t clock{};
    timespec time{};
    if (::clock_getcpuclockid(pid, &clock) != 0 || ::clock_gettime(clock, &time) != 0)
        throw std::runtime_error("no CPU clock");
    return ms_of(time);
}

std::vector<std::string> environment_of(const Load& load, std::uint16_t port) {
    return {"BENCH_PORT=" + std::to_string(port), "BENCH_PRINT=" + std::to_string(load.bytes),
            "BENCH_RATE=" + std::to_string(load.lines_per_second), "PATH=/usr/bin:/bin"};
}

pid_t spawn(const std::vector<std::string>& command, const std::vector<std::string>& environment, int in, int out) {
    std::vector<char*> argv, envp;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    for (const std::string& word : environment) envp.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    envp.push_back(nullptr);
    posix_spawn_file_actions_t actions;
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawn_file_actions_adddup2(&actions, in, 0);
    ::posix_spawn_file_actions_adddup2(&actions, out, 1);
    pid_t pid = 0;
    const int failed = ::posix_spawnp(&pid, argv[0], &actions, nullptr, argv.data(), envp.data());
    ::posix_spawn_file_actions_destroy(&actions);
    if (failed != 0) throw std::runtime_error("cannot start " + command.front());
    return pid;
}

/// From the first line to the last one, by what the agent says.
double print_all(Rig& rig, std::size_t before) {
    rig.until([&] { return rig.agents.started() > before; });
    const Time begun = rig.agents.last_start();
    rig.until([&] { return rig.agents.started() > before + 1; });
    return ms(rig.agents.last_start() - begun);
}

/// The agent with `logger` at the other end of its pipe.
Cost by_program(Rig& rig, const Load& load, std::vector<std::string> logger, const fs::path& file) {
    const std::size_t before = rig.agents.started();
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    const int out = ::open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
    const pid_t taker = spawn(logger, {"PATH=/usr/bin:/bin"}, ends[0], out);
    const pid_t agent =
        spawn({(rig.bin / "bench-agent").string()}, environment_of(load, rig.agents.port()), nothing, ends[1]);
    for (const int fd : {ends[0], ends[1], out, nothing}) ::close(fd);
    Cost cost;
    cost.taken_ms = print_all(rig, before);
    ::kill(agent, SIGKILL);
    ::waitpid(agent, nullptr, 0);
    rusage used{};
    ::wait4(taker, nullptr, 0, &used);
    cost.cpu_ms = static_cast<double>(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e3 +
                  static_cast<double>(used.ru_utime.tv_usec + used.ru_stime.tv_usec) / 1e3;
    return cost;
}

Cost by_opampd(Rig& rig, const Load& load, const std::string& size) {
    rig.until_connected(0);
    const std::size_t before = rig.agents.started();
    std::string more;
    for (const std::string& variable : environment_of(load, 0)) {
        const std::size_t equals = variable.find('=');
        if (variable.starts_with("BENCH_PRINT") || variable.starts_with("BENCH_RATE"))
            more += "    " + variable.substr(0, equals) + ": \"" + variable.substr(equals + 1) + "\"\n";
    }
    const Daemon daemon(rig.bin, rig.server.port(), rig.agents.port(), 1,
                        more + "  output: {max_size: " + size + ", keep: 5, compress: false}\n");
    rig.until([&] { return rig.agents.started() > before; });
    const double cpu = cpu_ms_of(daemon.pid());
    Cost cost;
    cost.taken_ms = print_all(rig, before);
    cost.cpu_ms = cpu_ms_of(daemon.pid()) - cpu;
    cost.rss_mib = static_cast<double>(memory_of(daemon.pid()).rss_kib) / 1024;
    return cost;
}

struct Costs {
    std::vector<double> taken_ms, cpu_ms, rss_mib;
    void add(const Cost& cost) {
        taken_ms.push_back(cost.taken_ms);
        cpu_ms.push_back(cost.cpu_ms);
        rss_mib.push_back(cost.rss_mib);
    }
};

}  // namespace

bool measure_output(Rig& rig, int runs) {
    const fs::path folder = fs::path("/dev/shm") / ("opampd-bench-output." + std::to_string(::getpid()));
    fs::create_directories(folder);
    const auto s6 = [&](const char* size) {
        return std::vector<std::string>{"s6-log", "-b", "n5", size, (folder / "s6").string()};
    };
    Costs flood_opampd, flood_s6, flood_cat, steady_opampd, steady_s6, steady_cat;
    for (int i = 0; i < std::min(runs, 5); ++i) {
        flood_cat.add(by_program(rig, kFlood, {"cat"}, folder / "cat"));
        flood_s6.add(by_program(rig, kFlood, s6("s67108864"), folder / "none"));
        flood_opampd.add(by_opampd(rig, kFlood, "64MiB"));
        fs::remove_all(folder);
        fs::create_directories(folder);
    }
    steady_cat.add(by_program(rig, kSteady, {"cat"}, folder / "cat"));
    steady_s6.add(by_program(rig, kSteady, s6("s16384"), folder / "none"));
    steady_opampd.add(by_opampd(rig, kSteady, "16KiB"));
    fs::remove_all(folder);
    print("1 GiB of output: cat > file", flood_cat.taken_ms, 0, "ms");
    print("  s6-log, rotating at 64 MiB", flood_s6.taken_ms, 0, "ms");
    bool is_kept = print("  opampd, rotating at 64 MiB", flood_opampd.taken_ms, 1000, "ms");
    print("  CPU of that: cat", flood_cat.cpu_ms, 0, "ms");
    print("  s6-log", flood_s6.cpu_ms, 0, "ms");
    print("  opampd", flood_opampd.cpu_ms, 0, "ms");
    is_kept = print("RSS of opampd after that", flood_opampd.rss_mib, 12, "MiB") && is_kept;
    print("5,000 lines in 5 s, rotated: CPU of cat, which does not", steady_cat.cpu_ms, 0, "ms");
    print("  s6-log", steady_s6.cpu_ms, 0, "ms");
    print("  opampd", steady_opampd.cpu_ms, 0, "ms");
    return is_kept;
}

}  // namespace bench
