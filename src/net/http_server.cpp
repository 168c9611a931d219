#include "net/http_server.hpp"

#include "base/address.hpp"
#include "base/log.hpp"
#include "net/dial.hpp"
#include "net/errors.hpp"
#include "net/http_connection.hpp"
#include "net/url.hpp"

namespace net {
namespace {

namespace asio = async::asio;
using async::is_cancelled;
using base::Error;
using base::Kind;
using base::Result;
using boost::system::error_code;

constexpr std::chrono::milliseconds kPauseAfterFailure{100};

Result<Tcp::endpoint> endpoint_at(const std::string& text) {
    const auto address = base::parse_address(text);
    error_code code;
    const auto ip = address ? asio::ip::make_address(address->ip, code) : asio::ip::address();
    if (!address || code)
        return Error(Kind::invalid, "'" + text + "' is not an address to listen on")
            .hint("write 127.0.0.1:4320 or [::1]:4320");
    return Tcp::endpoint(ip, address->port);
}

/// Opens, binds and listens; the first step that fails says why.
error_code start_listening(Tcp::acceptor& acceptor, const Tcp::endpoint& endpoint) {
    error_code code;
    acceptor.open(endpoint.protocol(), code);
    if (code) return code;
    set_close_on_exec(acceptor.native_handle());
    acceptor.set_option(Tcp::acceptor::reuse_address(true), code);
    if (code) return code;
    acceptor.bind(endpoint, code);
    if (code) return code;
    acceptor.listen(Tcp::acceptor::max_listen_connections, code);
    return code;
}

}  // namespace

async::Task<> HttpHandler::talk(HttpRequest, std::unique_ptr<WebSocket> socket) {
    co_await socket->close(CloseCode::normal, "");
}

HttpServer::HttpServer(asio::any_io_executor executor, HttpHandler& handler, Limits limits)
    : handler_(handler), limits_(limits), acceptor_(executor), connections_(executor) {}

Result<std::uint16_t> HttpServer::listen(const std::string& address) {
    const auto endpoint = endpoint_at(address);
    if (!endpoint) return endpoint.error();
    if (const auto code = start_listening(acceptor_, *endpoint)) {
        error_code ignored;
        acceptor_.close(ignored);
        return network_error(code).within("listening on " + address);
    }
    return acceptor_.local_endpoint().port();
}

async::Task<> HttpServer::run() {
    // In a coroutine of its own: its goodbye must not change the caller's cancellation state.
    co_await asio::co_spawn(acceptor_.get_executor(), accept_until_cancelled(), asio::use_awaitable);
}

async::Task<> HttpServer::accept_until_cancelled() {
    co_await asio::this_coro::throw_if_cancelled(false);
    while (!is_cancelled(co_await asio::this_coro::cancellation_state)) {
        auto [code, socket] = co_await acceptor_.async_accept(async::as_result);
        if (code == asio::error::operation_aborted) break;
        if (code) {  // Out of descriptors, mostly: accepting at once again would spin.
            base::log::warning("http_connection.refused", {{"error", network_error(code).message()}});
            co_await async::sleep_for(kPauseAfterFailure);
            continue;
        }
        if (connections_.size() >= limits_.connections) continue;  // The socket closes here.
        set_options(socket);
        connections_.spawn("http connection", serve_connection(std::move(socket), handler_, limits_));
    }
    error_code ignored;
    acceptor_.close(ignored);
    connections_.cancel();
    co_await connections_.joined();
}

}  // namespace net
