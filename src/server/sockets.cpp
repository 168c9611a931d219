#include "server/sockets.hpp"

namespace server {

async::Task<> discard_messages(net::WebSocket& socket) {
    co_await async::asio::this_coro::throw_if_cancelled(false);
    while (co_await socket.read()) continue;
}

async::Task<> say_goodbye(net::WebSocket& socket, net::CloseCode code) {
    const auto state = co_await async::asio::this_coro::cancellation_state;
    const bool stops = state.cancelled() != async::asio::cancellation_type::none;
    co_await async::asio::this_coro::reset_cancellation_state(async::asio::disable_cancellation());
    if (stops)
        co_await socket.close(net::CloseCode::going_away, "the server is stopping");
    else
        co_await socket.close(code, "");
}

}  // namespace server
