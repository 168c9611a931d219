// What the benchmarks run against: a server in this process, agents that report when they run, and the real opampd.
#pragma once

#include <opamp/v1/opamp.pb.h>
#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "async/notice.hpp"
#include "base/units.hpp"
#include "net/http_server.hpp"

namespace bench {

using Time = std::chrono::steady_clock::time_point;
using base::Duration;

/// An OpAMP server that acknowledges everything, notes when the first message came, and offers what it is told to.
class Server : public net::HttpHandler {
public:
    explicit Server(async::asio::any_io_executor executor);
    std::uint16_t port() const { return port_; }
    async::Task<> run() { return server_.run(); }

    std::size_t connected() const { return talks_.size(); }
    std::optional<Time> first_message() const { return first_message_; }
    void forget() { first_message_.reset(); }
    /// Offers `body` to every agent; the time is taken as the last byte is handed to the kernel.
    void offer(const std::string& body, const std::string& hash);
    Time offered() const { return offered_; }
    /// How many agents have reported this hash as applied, and when the last one did.
    std::size_t applied(const std::string& hash) const;
    Time last_applied() const { return last_applied_; }

    async::Task<net::HttpResponse> respond(net::HttpRequest request) override;
    bool accepts_websocket(const net::HttpRequest&) const override { return true; }
    async::Task<> talk(net::HttpRequest request, std::unique_ptr<net::WebSocket> socket) override;

private:
    struct Talk {
        explicit Talk(async::asio::any_io_executor executor) : due(std::move(executor)) {}
        std::vector<std::string> outbox;
        async::Notice due;
        std::string uid;
    };
    async::Task<> read(net::WebSocket& socket, Talk& talk);
    async::Task<> write(net::WebSocket& socket, Talk& talk);

    async::asio::any_io_executor executor_;
    net::HttpServer server_;
    std::uint16_t port_ = 0;
    std::list<Talk> talks_;
    std::optional<Time> first_message_;
    Time offered_{};
    Time last_applied_{};
    std::map<std::string, std::size_t> applied_;
};

/// The agents' datagrams.
class Agents {
public:
    explicit Agents(async::asio::io_context& context);
    std::uint16_t port() const { return socket_.local_endpoint().port(); }
    async::Task<> run();
    std::size_t started() const { return started_; }
    pid_t last_pid() const { return last_pid_; }
    Time last_start() const { return last_start_; }

private:
    async::asio::ip::udp::socket socket_;
    std::size_t started_ = 0;
    pid_t last_pid_ = 0;
    Time last_start_{};
};

/// opampd with its settings and state in a folder of its own on tmpfs; stopped, and its folder removed, at the end.
class Daemon {
public:
    /// `more`: further lines for one agent, first of its environment (indented by four), then of its settings (by two).
    Daemon(const std::filesystem::path& bin, std::uint16_t server_port, std::uint16_t agents_port, int agents,
           const std::string& more = {});
    /// Of one agent with these settings, indented by two.
    Daemon(const std::filesystem::path& bin, std::uint16_t server_port, const std::string& agent);
    ~Daemon();
    const std::filesystem::path& folder() const { return folder_; }
    pid_t pid() const { return pid_; }
    Time spawned() const { return spawned_; }

private:
    void start(const std::filesystem::path& bin, std::uint16_t server_port, const std::string& agents);

    const std::filesystem::path folder_;
    pid_t pid_ = 0;
    Time spawned_{};
};

struct Memory {
    long rss_kib = 0;
    long dirty_kib = 0;
};
Memory memory_of(pid_t pid);
/// The most that was resident since `forget_peak`, in KiB.
long peak_of(pid_t pid);
void forget_peak(pid_t pid);

/// One figure beside its budget; false when it misses it.
bool print(const char* what, std::vector<double> values, double budget, const char* unit);
double ms(Duration duration);

/// Runs the loop until `condition` holds; throws after 30 s.
void run_until(async::asio::io_context& context, const std::function<bool()>& condition);

struct Rig {
    explicit Rig(const std::filesystem::path& programs)
        : bin(programs), server(context.get_executor()), agents(context) {
        async::asio::co_spawn(context, server.run(), async::asio::detached);
        async::asio::co_spawn(context, agents.run(), async::asio::detached);
    }
    void until(const std::function<bool()>& condition) { run_until(context, condition); }
    void until_connected(std::size_t count) {
        until([&] { return server.connected() == count; });
    }

    std::filesystem::path bin;
    async::asio::io_context context;
    Server server;
    Agents agents;
};

}  // namespace bench
