#include "bench/telemetry.hpp"

#include <signal.h>

#include <algorithm>
#include <set>

namespace bench {
namespace {

/// Takes everything.
class Receiver : public net::HttpHandler {
public:
    async::Task<net::HttpResponse> respond(net::HttpRequest request) override {
        if (request.header("Content-Type") == "application/x-protobuf") paths_.insert(std::string(request.path()));
        co_return net::HttpResponse{200, "application/x-protobuf", "", {}};
    }
    bool has_all() const { return paths_.size() == 3; }

private:
    std::set<std::string> paths_;
};

struct Cost {
    std::vector<double> offers, kills;
    Memory memory;
};

double median(std::vector<double> values) {
    std::ranges::sort(values);
    return values[values.size() / 2];
}

/// One offer and one kill; the times go to `cost`.
void go_through(Rig& rig, const std::string& hash, Cost& cost) {
    std::size_t before = rig.agents.started();
    rig.server.offer("run: " + hash + "\n", hash);
    const Time offered = rig.server.offered();
    rig.until([&] { return rig.agents.started() > before; });
    cost.offers.push_back(ms(rig.agents.last_start() - offered));
    rig.until([&] { return rig.server.applied(hash) == 1; });

    before = rig.agents.started();
    const Time killed = std::chrono::steady_clock::now();
    ::kill(rig.agents.last_pid(), SIGKILL);
    rig.until([&] { return rig.agents.started() > before; });
    cost.kills.push_back(ms(rig.agents.last_start() - killed));
}

/// Until the receiver, where there is one, has had something of each signal.
void run_daemon(Rig& rig, int runs, const std::string& name, const std::string& settings, const Receiver* receiver,
                Cost& cost) {
    rig.until_connected(0);
    const std::size_t before = rig.agents.started();
    const Daemon daemon(rig.bin, rig.server.port(), rig.agents.port(), 1, settings);
    rig.until([&] { return rig.server.connected() == 1 && rig.agents.started() > before; });
    for (int i = 0; i < runs; ++i) go_through(rig, name + " " + std::to_string(i), cost);
    if (receiver) rig.until([&] { return receiver->has_all(); });
    cost.memory = memory_of(daemon.pid());
}

}  // namespace

bool measure_telemetry(Rig& rig, int runs) {
    Receiver receiver;
    net::HttpServer server(rig.context.get_executor(), receiver);
    const auto port = server.listen("127.0.0.1:0");
    if (!port) return false;
    async::asio::cancellation_signal stop;
    bool is_over = false;
    async::asio::co_spawn(
        rig.context, server.run(),
        async::asio::bind_cancellation_slot(stop.slot(), [&](const std::exception_ptr&) { is_over = true; }));
    const std::string endpoint =
        "telemetry:\n  endpoint: http://127.0.0.1:" + std::to_string(*port) + "\n  metrics: {interval: 500ms}\n";

    Cost off, on;
    constexpr int kPairs = 3;
    for (int pair = 0; pair < kPairs; ++pair) {
        run_daemon(rig, (runs + kPairs - 1) / kPairs, "off " + std::to_string(pair), "", nullptr, off);
        run_daemon(rig, (runs + kPairs - 1) / kPairs, "on " + std::to_string(pair), endpoint, &receiver, on);
    }
    stop.emit(async::asio::cancellation_type::all);
    rig.until([&] { return is_over; });

    print("offer -> running, without telemetry", off.offers, 0, "ms");
    bool is_kept = print("offer -> running, with telemetry", on.offers, 3, "ms");
    print("killed -> running, without telemetry", off.kills, 0, "ms");
    is_kept = print("killed -> running, with telemetry", on.kills, 2, "ms") && is_kept;
    // Beside what either needs, a tenth of a millisecond is what such a figure differs by from run to run.
    is_kept = print("telemetry adds to a restart", {median(on.kills) - median(off.kills)}, 0.1, "ms") && is_kept;
    const double more = static_cast<double>(on.memory.rss_kib - off.memory.rss_kib) / 1024;
    return print("telemetry adds to RSS", {more}, 1, "MiB") && is_kept;
}

}  // namespace bench
