#include "server/sockets.hpp"

namespace server {

async::Task<> discard_messages(net::WebSocket& socket) {
    co_await async::asio::this_coro::throw_if_cancelled(false);
    for (;;) {
        const auto message = co_await socket.read();
        if (!message) co_return;
    }
}

async::Task<> say_goodbye(net::WebSocket& socket, net::CloseCode code) {
    const bool stops = async::is_cancelled(co_await async::asio::this_coro::cancellation_state);
    if (stops) code = net::CloseCode::going_away;
    co_await socket.close(code, stops ? "the server is stopping" : "");
}

}  // namespace server
