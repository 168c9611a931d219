#include "bench/rig.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <stdexcept>

#include "opamp/frame.hpp"

namespace bench {

namespace pb = opamp::proto::v1;
using namespace async;

namespace {

/// Runs in the child, in the parent's memory until exec: system calls only.
[[noreturn]] void become_daemon(char* const* argv, const char* log, pid_t parent, volatile int& trouble) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);       // however the bench ends, so does it, and its guard ends the agents
    if (::getppid() != parent) ::_exit(127);  // it died before the promise stood
    const int output = ::open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (output >= 0 && ::dup2(output, STDERR_FILENO) >= 0) ::execve(argv[0], argv, environ);
    trouble = errno;
    ::_exit(127);
}

/// By vfork, which costs the figures no more than posix_spawn does. -1 when it could not be started.
pid_t spawn_daemon(char* const* argv, const char* log) {
    const pid_t parent = ::getpid();
    volatile int trouble = 0;
    const pid_t pid = ::vfork();
    if (pid == 0) become_daemon(argv, log, parent, trouble);
    if (pid < 0 || trouble == 0) return pid;
    ::waitpid(pid, nullptr, 0);
    return -1;
}

std::filesystem::path folder_on_tmpfs() {
    std::string name = "/dev/shm/opampd-bench-XXXXXX";
    if (!mkdtemp(name.data())) throw std::runtime_error("no folder on tmpfs");
    return name;
}

}  // namespace

Server::Server(asio::any_io_executor executor) : executor_(executor), server_(executor, *this) {
    const auto port = server_.listen("127.0.0.1:0");
    if (!port) throw std::runtime_error(port.error().text());
    port_ = *port;
}

Task<net::HttpResponse> Server::respond(net::HttpRequest) {
    co_return net::HttpResponse{404, "text/plain", "", {}};
}

Task<> Server::talk(net::HttpRequest, std::unique_ptr<net::WebSocket> socket) {
    Talk& talk = talks_.emplace_back(executor_);
    const auto place = std::prev(talks_.end());
    co_await (read(*socket, talk) || write(*socket, talk));
    talks_.erase(place);
}

Task<> Server::read(net::WebSocket& socket, Talk& talk) {
    for (;;) {
        const auto frame = co_await socket.read();
        if (!frame) co_return;
        const Time now = SteadyClock::now();
        if (!first_message_) first_message_ = now;
        pb::AgentToServer report;
        const auto payload = opamp::decode_frame(*frame);
        if (!payload || !report.ParseFromArray(payload->data(), static_cast<int>(payload->size()))) co_return;
        talk.uid = report.instance_uid();
        if (report.has_remote_config_status() &&
            report.remote_config_status().status() == pb::RemoteConfigStatuses_APPLIED) {
            ++applied_[report.remote_config_status().last_remote_config_hash()];
            last_applied_ = now;
        }
        pb::ServerToAgent reply;
        reply.set_instance_uid(talk.uid);
        reply.set_capabilities(pb::ServerCapabilities_AcceptsStatus | pb::ServerCapabilities_OffersRemoteConfig |
                               pb::ServerCapabilities_AcceptsEffectiveConfig);
        talk.outbox.push_back(reply.SerializeAsString());
        talk.due.raise();
    }
}

Task<> Server::write(net::WebSocket& socket, Talk& talk) {
    for (;;) {
        co_await talk.due.raised();
        talk.due.clear();
        std::vector<std::string> messages;
        messages.swap(talk.outbox);
        for (const std::string& message : messages) {
            const std::string frame = opamp::encode_frame(message);
            const auto written = co_await socket.write(frame);
            if (!written) co_return;
        }
        offered_ = SteadyClock::now();
    }
}

void Server::offer(const std::string& body, const std::string& hash) {
    pb::ServerToAgent message;
    pb::AgentRemoteConfig& offer = *message.mutable_remote_config();
    offer.set_config_hash(hash);
    (*offer.mutable_config()->mutable_config_map())[""].set_body(body);
    for (Talk& talk : talks_) {
        message.set_instance_uid(talk.uid);
        talk.outbox.push_back(message.SerializeAsString());
        talk.due.raise();
    }
    offered_ = SteadyClock::now();
}

std::size_t Server::applied(const std::string& hash) const {
    const auto found = applied_.find(hash);
    return found == applied_.end() ? 0 : found->second;
}

Agents::Agents(asio::io_context& context) : socket_(context, {asio::ip::address_v4::loopback(), 0}) {}

Task<> Agents::run() {
    std::int64_t message[2];
    for (;;) {
        const auto [error, size] = co_await socket_.async_receive(asio::buffer(message), as_result);
        if (error) co_return;
        last_pid_ = static_cast<pid_t>(message[0]);
        last_start_ = Time(Duration(message[1]));
        ++started_;
    }
}

Daemon::Daemon(const std::filesystem::path& bin, std::uint16_t server_port, std::uint16_t agents_port, int agents,
               const std::string& more)
    : folder_(folder_on_tmpfs()) {
    const auto agent = [&](const std::string& indent) {
        return indent + "executable: " + (bin / "bench-agent").string() + "\n" + indent + "env:\n" + indent +
               "  BENCH_PORT: \"" + std::to_string(agents_port) + "\"\n";
    };
    if (agents == 1) {
        start(bin, server_port, "agent:\n  working_directory: " + folder_.string() + "\n" + agent("  ") + more);
        return;
    }
    std::string all = "agents:\n";
    for (int i = 0; i < agents; ++i) {
        const auto place = folder_ / std::to_string(i);
        std::filesystem::create_directory(place);
        all += "  a" + std::to_string(i) + ":\n    working_directory: " + place.string() + "\n" + agent("    ");
    }
    start(bin, server_port, all);
}

Daemon::Daemon(const std::filesystem::path& bin, std::uint16_t server_port, const std::string& agent)
    : folder_(folder_on_tmpfs()) {
    start(bin, server_port, "agent:\n  working_directory: " + folder_.string() + "\n" + agent);
}

void Daemon::start(const std::filesystem::path& bin, std::uint16_t server_port, const std::string& agents) {
    const std::string settings = (folder_ / "opampd.yaml").string();
    std::ofstream(settings) << "server:\n  endpoint: ws://127.0.0.1:" << server_port
                            << "/v1/opamp\nstorage:\n  directory: " << folder_.string() << "/state\n"
                            << agents;
    const std::string program = (bin / "opampd").string();
    char* const argv[] = {const_cast<char*>(program.c_str()), const_cast<char*>("--config"),
                          const_cast<char*>(settings.c_str()), nullptr};
    const std::string log = (folder_ / "opampd.log").string();
    spawned_ = SteadyClock::now();
    pid_ = spawn_daemon(argv, log.c_str());
    if (pid_ < 0) throw std::runtime_error("cannot start " + program);
}

Daemon::~Daemon() {
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
}

Memory memory_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    Memory memory;
    for (std::string word; file >> word;) {
        if (word == "Rss:") file >> memory.rss_kib;
        // Dirty pages that the guard still shares since the fork would be private without it: they count.
        long kib = 0;
        if (word == "Private_Dirty:" || word == "Shared_Dirty:") file >> kib;
        memory.dirty_kib += kib;
    }
    return memory;
}

long peak_of(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/status");
    long kib = 0;
    for (std::string word; file >> word;)
        if (word == "VmHWM:") file >> kib;
    return kib;
}

void forget_peak(pid_t pid) {
    std::ofstream("/proc/" + std::to_string(pid) + "/clear_refs") << "5";
}

double ms(Duration duration) {
    return static_cast<double>(duration.count()) / 1e6;
}

bool print(const char* what, std::vector<double> values, double budget, const char* unit) {
    std::sort(values.begin(), values.end());
    const double median = values[values.size() / 2];
    const bool is_kept = budget <= 0 || median <= budget;
    std::printf("%-46s %9.2f %9.2f %9.2f  %s", what, values.front(), median, values.back(), unit);
    if (budget > 0) std::printf("   budget %g  %s", budget, is_kept ? "kept" : "MISSED");
    std::printf("\n");
    std::fflush(stdout);
    return is_kept;
}

void run_until(asio::io_context& context, const std::function<bool()>& condition) {
    const auto end = SteadyClock::now() + std::chrono::seconds(30);
    while (!condition()) {
        if (SteadyClock::now() > end) throw std::runtime_error("what was waited for did not come within 30 s");
        context.restart();
        context.run_one_for(std::chrono::milliseconds(100));
    }
}

}  // namespace bench
