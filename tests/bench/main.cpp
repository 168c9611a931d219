// opampd-bench BIN-FOLDER [RUNS [PART...]]: the figures of docs/architecture.md's budgets, as medians with their
// spread.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <fstream>
#include <functional>
#include <set>
#include <stdexcept>

#include "bench/output.hpp"
#include "bench/reconnects.hpp"
#include "bench/rig.hpp"
#include "bench/rollouts.hpp"
#include "bench/spans.hpp"
#include "bench/telemetry.hpp"
#include "opamp/client_session.hpp"

namespace {

using namespace bench;

/// What this machine needs to start a program at all: the noise under the figures below.
Duration bare_spawn() {
    char* const argv[] = {const_cast<char*>("/bin/true"), nullptr};
    const Time begin = std::chrono::steady_clock::now();
    pid_t pid = 0;
    if (posix_spawn(&pid, argv[0], nullptr, nullptr, argv, environ) == 0) ::waitpid(pid, nullptr, 0);
    return std::chrono::steady_clock::now() - begin;
}

bool measure_start(Rig& rig, int runs) {
    std::vector<double> connected, running;
    for (int i = 0; i < runs; ++i) {
        rig.until_connected(0);
        rig.server.forget();
        const std::size_t before = rig.agents.started();
        const Daemon daemon(rig.bin, rig.server.port(), rig.agents.port(), 1);
        rig.until([&] { return rig.server.first_message() && rig.agents.started() > before; });
        connected.push_back(ms(*rig.server.first_message() - daemon.spawned()));
        running.push_back(ms(rig.agents.last_start() - daemon.spawned()));
    }
    const bool is_kept = print("process start -> first message at the server", connected, 5, "ms");
    return print("process start -> agent running", running, 0, "ms") && is_kept;
}

bool measure_changes(Rig& rig, int runs) {
    rig.until_connected(0);
    const Daemon daemon(rig.bin, rig.server.port(), rig.agents.port(), 1);
    rig.until([&] { return rig.server.connected() == 1 && rig.agents.started() > 0 && rig.server.first_message(); });
    std::vector<double> offers, kills, applies;
    for (int i = 0; i < runs; ++i) {
        const std::string hash = "hash " + std::to_string(i);
        std::size_t before = rig.agents.started();
        rig.server.offer("run: " + std::to_string(i) + "\n", hash);
        const Time offered = rig.server.offered();
        rig.until([&] { return rig.agents.started() > before; });
        offers.push_back(ms(rig.agents.last_start() - offered));
        rig.until([&] { return rig.server.applied(hash) == 1; });
        applies.push_back(ms(rig.server.last_applied() - rig.agents.last_start()) - 1000);

        before = rig.agents.started();
        const Time killed = std::chrono::steady_clock::now();
        ::kill(rig.agents.last_pid(), SIGKILL);
        rig.until([&] { return rig.agents.started() > before; });
        kills.push_back(ms(rig.agents.last_start() - killed));
    }
    bool is_kept = print("offer -> new agent running, files durable", offers, 3, "ms");
    is_kept = print("gate of 1 s passed -> APPLIED at the server", applies, 2, "ms") && is_kept;
    return print("agent killed -> agent running", kills, 2, "ms") && is_kept;
}

bool measure_memory(Rig& rig) {
    constexpr int kMany = 101;
    const auto settled = [&](int agents) {
        rig.until_connected(0);
        const std::size_t before = rig.agents.started();
        const Daemon daemon(rig.bin, rig.server.port(), rig.agents.port(), agents);
        rig.until([&] {
            return rig.server.connected() == static_cast<std::size_t>(agents) &&
                   rig.agents.started() == before + static_cast<std::size_t>(agents);
        });
        const std::string hash = "memory " + std::to_string(agents);
        rig.server.offer("settled: true\n", hash);
        rig.until([&] { return rig.server.applied(hash) == static_cast<std::size_t>(agents); });
        return memory_of(daemon.pid());
    };
    const Memory one = settled(1);
    const Memory many = settled(kMany);
    bool is_kept = print("RSS with one agent", {static_cast<double>(one.rss_kib) / 1024}, 12, "MiB");
    is_kept =
        print("dirty, private or the guard's too, one agent", {static_cast<double>(one.dirty_kib) / 1024}, 3, "MiB") &&
        is_kept;
    return print("each further agent, of 100", {static_cast<double>(many.rss_kib - one.rss_kib) / (kMany - 1)}, 256,
                 "KiB") &&
           is_kept;
}

/// 100 MiB of offered config, from the bytes of the message to the session's orders.
bool measure_parse(int runs) {
    constexpr std::size_t kFileBytes = 1024 * 1024;
    constexpr std::size_t kBytes = 100 * kFileBytes;
    std::string message;
    std::vector<double> single, many;
    for (const std::size_t files : {std::size_t{1}, kBytes / kFileBytes}) {
        opamp::proto::v1::ServerToAgent offer;
        offer.mutable_remote_config()->set_config_hash("hash");
        auto& map = *offer.mutable_remote_config()->mutable_config()->mutable_config_map();
        for (std::size_t i = 0; i < files; ++i) map[std::to_string(i)].set_body(std::string(kBytes / files, 'x'));
        message = offer.SerializeAsString();
        for (int i = 0; i < runs; ++i) {
            opamp::ClientSession session({base::Uuid(), opamp::kAcceptsRemoteConfig, {}, {}});
            const Time begin = std::chrono::steady_clock::now();
            const auto orders = session.receive(message);
            const Duration taken = std::chrono::steady_clock::now() - begin;
            if (!orders || !orders->remote_config || orders->remote_config->files.size() != files)
                throw std::runtime_error("an offer was not taken");
            (files == 1 ? single : many).push_back(ms(taken));
        }
    }
    constexpr double kBudget = 200;  // 500 MiB/s
    const bool is_kept = print("100 MiB of offers parsed, one file", single, kBudget, "ms");
    return print("100 MiB of offers parsed, 100 files", many, kBudget, "ms") && is_kept;
}

/// A YAML file as a generator writes them: a list of small maps.
std::string list_of_maps(std::size_t bytes) {
    std::string body = "targets:\n";
    for (int i = 0; body.size() < bytes; ++i)
        body += "  - name: target-" + std::to_string(i) + "\n    endpoint: http://host-" + std::to_string(i % 1000) +
                ".example.com:9100/metrics\n    interval: 30s\n";
    body.resize(body.rfind("  - name", bytes));  // whole maps alone
    return body + std::string(bytes - body.size(), '\n');
}

std::string one_text(std::size_t bytes) {
    std::string body = "text: |\n";
    while (body.size() < bytes) body += "  " + std::string(98, 'x') + "\n";
    body.resize(bytes - 1);
    return body + "\n";
}

/// A config of that size: the most memory it takes on its way to the agent, and what is not given back.
bool measure_large(Rig& rig, const std::string& name, const std::string& body, bool has_budget = true) {
    constexpr double kMiB = 1024;  // in KiB
    rig.until_connected(0);
    const std::size_t before = rig.agents.started();
    const Daemon daemon(rig.bin, rig.server.port(), rig.agents.port(), 1);
    rig.until([&] { return rig.server.connected() == 1 && rig.agents.started() > before; });
    rig.server.offer("small: true\n", name);
    rig.until([&] { return rig.server.applied(name) == 1; });
    const long idle = memory_of(daemon.pid()).rss_kib;
    forget_peak(daemon.pid());
    rig.server.offer(body, name + " large");
    rig.until([&] { return rig.server.applied(name + " large") == 1; });
    const long peak = peak_of(daemon.pid()), after = memory_of(daemon.pid()).rss_kib;
    const double size = static_cast<double>(body.size()) / (1024 * 1024);
    const std::string what = "config of " + name;
    const bool is_kept = print((what + ": peak above idle").c_str(), {static_cast<double>(peak - idle) / kMiB},
                               has_budget ? 2 * size + 22 : 0, "MiB");
    return print((what + ": kept above idle").c_str(), {static_cast<double>(after - idle) / kMiB}, 32, "MiB") &&
           is_kept;
}

/// System calls of an idle daemon, seen by strace for 20 s.
bool measure_idle(Rig& rig) {
    rig.until_connected(0);
    const std::size_t before = rig.agents.started();
    const Daemon daemon(rig.bin, rig.server.port(), rig.agents.port(), 1);
    rig.until([&] { return rig.server.connected() == 1 && rig.agents.started() > before; });
    rig.server.offer("idle: true\n", "idle");
    rig.until([&] { return rig.server.applied("idle") == 1; });
    rig.context.restart();
    rig.context.run_for(std::chrono::milliseconds(200));
    const std::string trace = "/dev/shm/opampd-bench-strace." + std::to_string(::getpid());
    const std::string command =
        "timeout 20 strace -f -qq -o " + trace + " -p " + std::to_string(daemon.pid()) + " >/dev/null 2>&1";
    const int ended = std::system(command.c_str());
    if (!WIFEXITED(ended) || WEXITSTATUS(ended) != 124) {  // of timeout: strace watched for as long as it was to
        std::printf("system calls in 20 s of idleness: strace could not watch\n");
        std::filesystem::remove(trace);
        return false;
    }
    std::ifstream file(trace);
    double calls = 0;
    for (std::string line; std::getline(file, line);) {
        // The call that it waits in is shown when strace comes and when it goes.
        const bool is_the_wait =
            line.find("epoll_wait") != std::string::npos || line.find("futex") != std::string::npos ||
            line.find("restart_syscall") != std::string::npos || line.find(" poll(") != std::string::npos ||
            line.find("<detached") != std::string::npos;
        if (!is_the_wait) ++calls;
    }
    std::filesystem::remove(trace);
    return print("system calls in 20 s of idleness", {calls}, 0.5, "calls");
}

bool measure_large_configs(Rig& rig) {
    constexpr std::size_t kMiB = 1024 * 1024, kRestOfMessage = 4096;
    bool is_kept = measure_large(rig, "16 MiB", list_of_maps(16 * kMiB));
    is_kept = measure_large(rig, "64 MiB, the limit", list_of_maps(64 * kMiB - kRestOfMessage)) && is_kept;
    // The YAML parser copies a text as often as it likes: how much that is is printed, and no budget of ours.
    return measure_large(rig, "16 MiB, one text", one_text(16 * kMiB), false) && is_kept;
}

int run(const std::filesystem::path& bin, int runs, const std::set<std::string>& parts) {
    Rig rig(bin);
    const std::vector<std::pair<std::string, std::function<bool()>>> all{
        {"parse", [&] { return measure_parse(runs); }},
        {"spans", [&] { return measure_spans(runs); }},
        {"start", [&] { return measure_start(rig, runs); }},
        {"changes", [&] { return measure_changes(rig, runs); }},
        {"rollouts", [&] { return measure_rollouts(rig, runs); }},
        {"reloads", [&] { return measure_reloads(rig, runs); }},
        {"offers", [&] { return measure_many_offers(rig); }},
        {"memory", [&] { return measure_memory(rig); }},
        {"telemetry", [&] { return measure_telemetry(rig, runs); }},
        {"output", [&] { return measure_output(rig, runs); }},
        {"large", [&] { return measure_large_configs(rig); }},
        {"idle", [&] { return measure_idle(rig); }},
        {"reconnects", [&] { return print_reconnects(measure_reconnects(bin)), true; }},
    };
    std::vector<double> spawns;
    for (int i = 0; i < runs * 3; ++i) spawns.push_back(ms(bare_spawn()));
    std::printf("%-46s %9s %9s %9s\n", "", "min", "median", "max");
    print("this machine: start and end of /bin/true", spawns, 0, "ms");
    bool is_kept = true;
    for (const auto& [name, measure] : all)
        if (parts.empty() || parts.contains(name)) is_kept = measure() && is_kept;
    return is_kept ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
    const int runs = count > 2 ? std::atoi(arguments[2]) : 15;
    if (count < 2 || runs < 1) {
        std::fprintf(stderr,
                     "usage: opampd-bench BIN-FOLDER [RUNS [PART...]]\n"
                     "parts: parse spans start changes rollouts reloads offers memory telemetry output large idle "
                     "reconnects; all of them if none is named\n");
        return 2;
    }
    try {
        return run(arguments[1], runs, {arguments + std::min(count, 3), arguments + count});
    } catch (const std::exception& e) {
        std::fprintf(stderr, "opampd-bench: %s\n", e.what());
        return 2;
    }
}
