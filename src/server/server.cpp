#include "server/server.hpp"

#include <csignal>

#include "base/blocked_signals.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "net/http_server.hpp"
#include "server/agents.hpp"
#include "server/agents_port.hpp"
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

async::Task<> signal_received(asio::signal_set& signals) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto [error, number] = co_await signals.async_wait(async::as_result);
    if (!error) log::info("signal.received", {{"signal", number == SIGTERM ? "SIGTERM" : "SIGINT"}});
}

net::Limits page_limits() {
    net::Limits limits;
    limits.receive_bytes = kMostRequestBytes;
    return limits;
}

net::Limits opamp_limits(const Options& options) {
    net::Limits limits;
    limits.receive_bytes = options.receive_limit;
    limits.send_bytes = options.send_limit;
    return limits;
}

/// The address with the port that was taken.
base::Result<std::string> listen(net::HttpServer& server, const std::string& flag, const std::string& address) {
    auto port = server.listen(address);
    if (!port) return std::move(port).error().within(flag + " " + address).hint("choose another address with " + flag);
    return address.substr(0, address.rfind(':') + 1) + std::to_string(*port);
}

opamp::ConnectionSettingsOffers own_telemetry(const Options& options) {
    const auto destination = [](const std::string& url) -> std::optional<opamp::TelemetryConnectionSettings> {
        if (url.empty()) return std::nullopt;
        opamp::TelemetryConnectionSettings settings;
        settings.destination_endpoint = url;
        return settings;
    };
    opamp::ConnectionSettingsOffers offers;
    offers.own_metrics = destination(options.own_metrics);
    offers.own_traces = destination(options.own_traces);
    offers.own_logs = destination(options.own_logs);
    return offers;
}

/// Nothing where no CA was given.
base::Result<std::unique_ptr<net::CertificateAuthority>> load_authority(const Options& options) {
    if (options.ca_cert.empty()) return std::unique_ptr<net::CertificateAuthority>();
    const auto certificate = base::read_file(options.ca_cert);
    if (!certificate) return base::Error(certificate.error()).within("--ca-cert");
    const auto key = base::read_file(options.ca_key);
    if (!key) return base::Error(key.error()).within("--ca-key");
    const auto lifetime = std::chrono::duration_cast<std::chrono::seconds>(options.certificate_lifetime);
    auto authority = net::CertificateAuthority::load(*certificate, *key, lifetime);
    return authority ? std::move(authority) : std::move(authority).error().within("--ca-cert " + options.ca_cert);
}

/// Nothing where no file was given.
base::Result<std::optional<TokenFile>> open_tokens(const Options& options) {
    if (options.token_file.empty()) return std::optional<TokenFile>();
    auto tokens = TokenFile::open(options.token_file);
    if (!tokens) return std::move(tokens).error();
    return std::optional(std::move(*tokens));
}

}  // namespace

async::Task<base::Result<void>> serve(const Options& options) {
    co_await asio::this_coro::throw_if_cancelled(false);
    const auto executor = co_await asio::this_coro::executor;
    asio::signal_set signals(executor, SIGTERM, SIGINT);  // before anybody can see that the server is there
    auto store = Store::open(options.state);
    if (!store) co_return std::move(store).error();
    auto telemetry_store = TelemetryStore::open(telemetry_file(options), options.telemetry);
    if (!telemetry_store) co_return std::move(telemetry_store).error();
    Live live;
    auto authority = load_authority(options);
    if (!authority) co_return std::move(authority).error();
    auto tokens = open_tokens(options);
    if (!tokens) co_return std::move(tokens).error();
    AgentLimits limits;
    limits.send_bytes = options.send_limit;
    Agents agents(**store, live, limits);
    agents.set_authority(authority->get());
    agents.set_own_telemetry(own_telemetry(options));
    if (auto loaded = agents.load(); !loaded) co_return std::move(loaded).error().within("reading the state");
    TelemetryKeeper telemetry(
        executor, std::move(*telemetry_store), [&](const base::Uuid& uid) { return agents.find(uid) != nullptr; },
        [&](const base::Uuid& agent, Signal signal) { live.telemetry_received(agent, signal); });

    Throttle throttle;
    EndpointOptions endpoint_options;
    endpoint_options.path = options.path;
    endpoint_options.advertised = options.endpoint;
    endpoint_options.tokens = *tokens ? &**tokens : nullptr;
    endpoint_options.throttle = &throttle;
    OpampEndpoint opamp_endpoint(agents, endpoint_options);
    OtlpEndpoint otlp_endpoint(telemetry);
    AgentsPort agents_port(opamp_endpoint, otlp_endpoint);
    PageEndpoint page_endpoint(agents, telemetry, live, throttle);
    net::HttpServer opamp_server(executor, agents_port, opamp_limits(options));
    net::HttpServer page_server(executor, page_endpoint, page_limits());
    const auto opamp_address = listen(opamp_server, "--opamp-listen", options.opamp_listen);
    if (!opamp_address) co_return opamp_address.error();
    const auto page_address = listen(page_server, "--page-listen", options.page_listen);
    if (!page_address) co_return page_address.error();
    opamp_endpoint.set_address(*opamp_address);
    const std::string opamp_url = "ws://" + *opamp_address + options.path;
    page_endpoint.set_addresses(*page_address, opamp_url, "http://" + *opamp_address);
    log::info("server.started",
              {{"opamp", opamp_url}, {"page", "http://" + *page_address + "/"}, {"agents", agents.all().size()}});

    async::TaskGroup servers(executor);
    servers.spawn("opamp", opamp_server.run());
    servers.spawn("polls", opamp_endpoint.watch_polls());
    servers.spawn("page", page_server.run());
    servers.spawn("telemetry news", telemetry.tell_news());
    co_await signal_received(signals);
    telemetry.stop();
    servers.cancel();
    co_await servers.joined();
    log::info("server.stopped");
    base::block_signals();  // they go with their handlers
    co_return base::Result<void>();
}

}  // namespace server
