#include "bench/rollouts.hpp"

#include <arpa/inet.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <stdexcept>

namespace bench {
namespace {

namespace fs = std::filesystem;

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port);
    return address;
}

std::uint16_t free_port() {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    ::bind(fd, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(fd);
    return ntohs(address.sin_port);
}

bool answers(std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const sockaddr_in address = loopback(port);
    const bool is_open = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    ::close(fd);
    return is_open;
}

Duration time_of(const std::vector<std::string>& command) {
    std::vector<char*> argv;
    for (const std::string& word : command) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const Time begin = std::chrono::steady_clock::now();
    pid_t pid = 0;
    int status = 0;
    if (::posix_spawn(&pid, argv[0], nullptr, nullptr, argv.data(), environ) != 0 ||
        ::waitpid(pid, &status, 0) != pid || status != 0)
        throw std::runtime_error(command.front() + " cannot be run");
    return std::chrono::steady_clock::now() - begin;
}

pid_t spawn(const fs::path& agent, std::string reports_to, std::string serves) {
    char* const argv[] = {const_cast<char*>(agent.c_str()), nullptr};
    char* const environment[] = {reports_to.data(), serves.data(), nullptr};
    pid_t pid = 0;
    if (::posix_spawn(&pid, argv[0], nullptr, nullptr, argv, environment) != 0) throw std::runtime_error("no agent");
    return pid;
}

/// The agent's own stop and start: from the signal to its end, and from a start to its first answer.
Duration own_time(Rig& rig, std::uint16_t port) {
    const Time begin = std::chrono::steady_clock::now();
    const pid_t pid = spawn(rig.bin / "bench-agent", "BENCH_PORT=" + std::to_string(rig.agents.port()),
                            "BENCH_SERVE=" + std::to_string(port));
    while (!answers(port)) {
    }
    const Time up = std::chrono::steady_clock::now();
    ::kill(pid, SIGTERM);
    ::waitpid(pid, nullptr, 0);
    return std::chrono::steady_clock::now() - up + (up - begin);
}

std::string probed(std::uint16_t port) {
    const std::string text = std::to_string(port);
    return "    BENCH_SERVE: \"" + text + "\"\n  health: {type: http, endpoint: \"http://127.0.0.1:" + text +
           "/\", interval: 100ms}\n";
}

std::size_t descriptors_of(pid_t pid) {
    const fs::directory_iterator begin("/proc/" + std::to_string(pid) + "/fd");
    return static_cast<std::size_t>(std::distance(begin, fs::directory_iterator()));
}

/// Files and their bytes in the state folder, without the agent's own log.
std::pair<std::size_t, std::uintmax_t> disk_of(const Daemon& daemon) {
    std::size_t files = 0;
    std::uintmax_t bytes = 0;
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(daemon.folder() / "state")) {
        if (!entry.is_regular_file() || entry.path().filename() == "agent.log") continue;
        ++files;
        bytes += entry.file_size();
    }
    return {files, bytes};
}

std::string numbered(int number) {
    return "number: " + std::to_string(number) + "\n";
}

/// From the offer to the server's knowledge that it is applied.
Duration apply(Rig& rig, int number, const std::string& config) {
    const Time begin = std::chrono::steady_clock::now();
    const std::string hash = "rollout " + std::to_string(number);
    rig.server.offer(config, hash);
    rig.until([&] { return rig.server.applied(hash) == 1; });
    return rig.server.last_applied() - begin;
}

std::string nginx_config(const fs::path& folder, std::uint16_t port, int number) {
    return "pid " + (folder / "nginx.pid").string() +
           "; worker_processes 1; events {}\nhttp { access_log off; server { listen 127.0.0.1:" + std::to_string(port) +
           "; return 200 \"" + std::to_string(number) + "\"; } }\n";
}

/// After a reload its main process pauses for 100 ms before it tells the old workers to go, and hears no signal.
bool is_at_rest(const fs::path& folder) {
    std::string pid, worker, second;
    std::ifstream(folder / "nginx.pid") >> pid;
    std::ifstream workers("/proc/" + pid + "/task/" + pid + "/children");
    return workers >> worker && !(workers >> second);
}

void await_agent(Rig& rig, std::size_t started_before) {
    rig.until([&] { return rig.server.connected() == 1 && rig.agents.started() > started_before; });
}

}  // namespace

bool measure_rollouts(Rig& rig, int runs) {
    rig.until_connected(0);
    const std::uint16_t port = free_port(), own_port = free_port();
    const std::size_t before = rig.agents.started();
    const Daemon daemon(rig.bin, rig.server.port(), rig.agents.port(), 1, probed(port));
    await_agent(rig, before);
    std::vector<double> whole, own, rest;
    for (int i = 0; i < runs; ++i) {
        own.push_back(ms(own_time(rig, own_port)));
        whole.push_back(ms(apply(rig, i, numbered(i))));
        rest.push_back(whole.back() - own.back());
    }
    print("offer -> APPLIED with an HTTP probe", whole, 0, "ms");
    print("  of that the agent's own stop and start", own, 0, "ms");
    return print("  and opampd's", rest, 5, "ms");
}

bool measure_many_offers(Rig& rig) {
    constexpr int kFirst = 1'000, kAll = 10'000;  // the first ones fill what is kept
    rig.until_connected(0);
    const std::uint16_t port = free_port();
    const std::size_t before = rig.agents.started();
    const Daemon daemon(rig.bin, rig.server.port(), rig.agents.port(), 1, probed(port));
    await_agent(rig, before);
    for (int i = 0; i < kFirst; ++i) apply(rig, i, numbered(i));
    const Memory memory = memory_of(daemon.pid());
    const std::size_t descriptors = descriptors_of(daemon.pid());
    const auto [files, bytes] = disk_of(daemon);
    for (int i = kFirst; i < kAll; ++i) apply(rig, i, numbered(i));
    const auto [files_now, bytes_now] = disk_of(daemon);
    const auto grown = [](auto now, auto then) { return static_cast<double>(now) - static_cast<double>(then); };
    bool is_kept = print("10,000 offers, the last 9,000: memory grown by",
                         {grown(memory_of(daemon.pid()).rss_kib, memory.rss_kib)}, 256, "KiB");
    is_kept = print("  descriptors grown by", {grown(descriptors_of(daemon.pid()), descriptors)}, 0.5, "") && is_kept;
    is_kept = print("  files in the state folder grown by", {grown(files_now, files)}, 0.5, "") && is_kept;
    return print("  and their bytes", {grown(bytes_now, bytes)}, 4096, "B") && is_kept;
}

bool measure_reloads(Rig& rig, int runs) {
    const fs::path nginx = "/usr/sbin/nginx";
    rig.until_connected(0);
    const std::uint16_t port = free_port();
    const Daemon daemon(rig.bin, rig.server.port(), "  executable: " + nginx.string() + "\n");
    rig.until_connected(1);
    const fs::path same = daemon.folder() / "same.conf";
    std::ofstream(same) << nginx_config(daemon.folder(), port, -1);
    apply(rig, 0, nginx_config(daemon.folder(), port, 0));  // its start
    std::vector<double> whole, check;
    for (int i = 1; i <= runs; ++i) {
        rig.until([&] { return is_at_rest(daemon.folder()); });
        check.push_back(ms(time_of({nginx, "-t", "-q", "-c", same, "-e", "stderr", "-g", "daemon off;"})));
        whole.push_back(ms(apply(rig, i, nginx_config(daemon.folder(), port, i))));
    }
    const bool is_kept = print("nginx: offer -> APPLIED by a reload", whole, 10, "ms");
    print("  of that nginx -t", check, 0, "ms");
    return is_kept;
}

}  // namespace bench
