#include "server/server.hpp"

#include <csignal>

#include "base/log.hpp"
#include "net/http_server.hpp"
#include "server/agents.hpp"
#include "server/live.hpp"
#include "server/opamp_endpoint.hpp"
#include "server/page.hpp"
#include "server/store.hpp"

namespace server {
namespace {

namespace asio = async::asio;
namespace log = base::log;

/// A config comes in as JSON, which is longer, and goes out within the send limit.
constexpr std::uint64_t kMostRequestBytes = 32u << 20;

async::Task<> signal_received() {
    co_await asio::this_coro::throw_if_cancelled(false);
    asio::signal_set signals(co_await asio::this_coro::executor, SIGTERM, SIGINT);
    const auto [error, number] = co_await signals.async_wait(async::as_result);
    if (!error) log::info("signal.received", {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"}});
}

net::Limits page_limits() {
    net::Limits limits;
    limits.receive_bytes = kMostRequestBytes;
    return limits;
}

/// The address with the port that was taken.
base::Result<std::string> listen(net::HttpServer& server, const std::string& flag, const std::string& address) {
    auto port = server.listen(address);
    if (!port) return std::move(port).error().within(flag + " " + address).hint("choose another address with " + flag);
    return address.substr(0, address.rfind(':') + 1) + std::to_string(*port);
}

}  // namespace

async::Task<base::Result<void>> serve(const Options& options) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto executor = co_await asio::this_coro::executor;
    auto store = Store::open(options.state);
    if (!store) co_return std::move(store).error();
    Live live;
    Agents agents(**store, live);
    if (auto loaded = agents.load(); !loaded) co_return std::move(loaded).error().within("reading the state");

    OpampEndpoint opamp_endpoint(agents, options.path);
    PageEndpoint page_endpoint(agents, live);
    net::HttpServer opamp_server(executor, opamp_endpoint);
    net::HttpServer page_server(executor, page_endpoint, page_limits());
    const auto opamp_address = listen(opamp_server, "--opamp-listen", options.opamp_listen);
    if (!opamp_address) co_return opamp_address.error();
    const auto page_address = listen(page_server, "--page-listen", options.page_listen);
    if (!page_address) co_return page_address.error();
    opamp_endpoint.set_address(*opamp_address);
    const std::string opamp_url = "ws://" + *opamp_address + options.path;
    page_endpoint.set_addresses(*page_address, opamp_url);
    log::info("server.started",
              {{"opamp", opamp_url}, {"page", "http://" + *page_address + "/"}, {"agents", agents.all().size()}});

    async::TaskGroup servers(executor);
    servers.spawn("opamp", opamp_server.run());
    servers.spawn("page", page_server.run());
    co_await signal_received();
    servers.cancel();
    co_await servers.joined();
    log::info("server.stopped");
    co_return base::Result<void>();
}

}  // namespace server
