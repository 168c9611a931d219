#include "bench/reconnects.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <list>
#include <stdexcept>

#include "async/task.hpp"
#include "base/uuid.hpp"
#include "supervisor/connection.hpp"

namespace bench {
namespace {

using namespace std::chrono_literals;
using async::SteadyClock;
namespace asio = async::asio;

constexpr std::size_t kClients = 1000;
constexpr auto kAway = 2s;
constexpr auto kPatience = 90s;

/// A port that was free a moment ago. The server listens on it again and again.
std::uint16_t free_port(asio::io_context& context) {
    const asio::ip::tcp::acceptor acceptor(context, {asio::ip::address_v4::loopback(), 0});
    return acceptor.local_endpoint().port();
}

/// opamp-server without a page that anybody looks at, and with its state in memory.
class RealServer {
public:
    RealServer(const std::filesystem::path& bin, std::uint16_t port) : started_(SteadyClock::now()) {
        const std::string program = (bin / "opamp-server").string();
        const std::string listen = "127.0.0.1:" + std::to_string(port);
        const std::array<const char*, 10> argv{program.c_str(), "--opamp-listen", listen.c_str(), "--page-listen",
                                               "127.0.0.1:0",   "--state",        ":memory:",     "--log-level",
                                               "error",         nullptr};
        pid_ = ::fork();
        if (pid_ < 0) throw std::runtime_error("cannot start " + program);
        if (pid_ > 0) return;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        const int nowhere = ::open("/dev/null", O_RDWR | O_CLOEXEC);
        ::dup2(nowhere, STDOUT_FILENO);
        ::execv(argv[0], const_cast<char* const*>(argv.data()));
        ::_exit(127);
    }
    ~RealServer() {
        if (pid_ < 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
    }
    RealServer(const RealServer&) = delete;
    RealServer& operator=(const RealServer&) = delete;
    SteadyClock::time_point started() const { return started_; }
    void stop() { ::kill(pid_, SIGTERM); }
    bool has_ended() {
        if (pid_ > 0 && ::waitpid(pid_, nullptr, WNOHANG) == pid_) pid_ = -1;
        return pid_ < 0;
    }

private:
    SteadyClock::time_point started_;
    pid_t pid_ = -1;
};

/// One agent's side of the server, without an agent.
class Client : private supervisor::OrderTaker, private supervisor::ConnectionObserver {
public:
    Client(asio::any_io_executor executor, const net::Url& url)
        : session_({base::Uuid::v7(std::chrono::system_clock::now()), opamp::kReportsStatus, 30s, 30s}),
          credentials_(supervisor::Credentials::Options{}),
          telemetry_(executor, log_),
          connection_(executor, options(url), {session_, *this, credentials_, *this, readers_, telemetry_}, log_) {}

    async::Task<> run() { return connection_.run(); }
    void say_goodbye() { connection_.say_goodbye(); }
    SteadyClock::time_point last_connected() const { return last_connected_; }

private:
    static supervisor::Connection::Options options(const net::Url& url) {
        supervisor::Connection::Options options;
        options.target.client.url = url;
        return options;
    }
    void take(opamp::Orders, const supervisor::Received&) override {}
    async::Task<> established() override {
        last_connected_ = SteadyClock::now();
        co_return;
    }
    void failed(const base::Error&, base::Duration) override {}

    opamp::ClientSession session_;
    supervisor::Credentials credentials_;
    async::BlockingPool readers_;
    const base::log::Scope log_{{}};
    supervisor::AgentTelemetry telemetry_;
    supervisor::Connection connection_;
    SteadyClock::time_point last_connected_{};
};

/// Runs the loop until `is_over`, which is asked now and then.
void run_until(asio::io_context& context, SteadyClock::time_point end, const std::function<bool()>& is_over) {
    while (!is_over()) {
        if (SteadyClock::now() > end) throw std::runtime_error("1,000 clients were not connected in time");
        context.restart();
        context.run_for(20ms);
    }
}

}  // namespace

std::vector<base::Duration> measure_reconnects(const std::filesystem::path& bin) {
    const auto end = SteadyClock::now() + kPatience;
    asio::io_context context;
    const std::uint16_t port = free_port(context);
    const auto url = net::parse_url("ws://127.0.0.1:" + std::to_string(port) + "/v1/opamp");
    if (!url) throw std::runtime_error(url.error().text());
    if (auto quiet = base::log::start({base::log::Level::error, base::log::Format::logfmt, {"stderr"}}); !quiet)
        throw std::runtime_error(quiet.error().text());

    std::list<Client> clients;
    const auto all_since = [&](SteadyClock::time_point begin) {
        return std::all_of(clients.begin(), clients.end(),
                           [&](const Client& client) { return client.last_connected() >= begin; });
    };
    auto server = std::make_unique<RealServer>(bin, port);
    std::size_t running = kClients;
    for (std::size_t i = 0; i < kClients; ++i) {
        Client& client = clients.emplace_back(context.get_executor(), *url);
        asio::co_spawn(context, client.run(), [&](const std::exception_ptr&) { --running; });
    }
    run_until(context, end, [&] { return all_since(server->started()); });

    server->stop();
    run_until(context, end, [&] { return server->has_ended(); });
    const auto back_at = SteadyClock::now() + kAway;
    run_until(context, end, [&] { return SteadyClock::now() >= back_at; });
    server = std::make_unique<RealServer>(bin, port);
    run_until(context, end, [&] { return all_since(server->started()); });
    std::vector<base::Duration> times;
    for (const Client& client : clients) times.push_back(client.last_connected() - server->started());
    std::sort(times.begin(), times.end());

    for (Client& client : clients) client.say_goodbye();
    run_until(context, end, [&] { return running == 0; });
    return times;
}

void print_reconnects(const std::vector<base::Duration>& times) {
    constexpr std::size_t kBuckets = 10;
    const base::Duration width = times.back() / kBuckets + 1ns;
    std::array<std::size_t, kBuckets> buckets{};
    for (const base::Duration time : times) ++buckets.at(static_cast<std::size_t>(time / width));
    const auto seconds = [](base::Duration time) { return std::chrono::duration<double>(time).count(); };
    std::printf("%zu clients back after a server was away for 2 s: the median after %.2f s, the longest after %.2f s\n",
                times.size(), seconds(times[times.size() / 2]), seconds(times.back()));
    for (std::size_t i = 0; i < kBuckets; ++i)
        std::printf("  %6.2f s to %6.2f s  %5zu\n", seconds(width) * static_cast<double>(i),
                    seconds(width) * static_cast<double>(i + 1), buckets[i]);
    std::fflush(stdout);
}

}  // namespace bench
