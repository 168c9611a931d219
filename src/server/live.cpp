#include "server/live.hpp"

#include "server/json.hpp"
#include "server/sockets.hpp"

namespace server {
namespace {

/// A page that is further behind than this asks for everything anew when it is back.
constexpr std::size_t kMostEvents = 4096;
constexpr std::size_t kMostBytes = 16u << 20;  ///< Agents choose how long their texts are.

}  // namespace

void Live::agent_changed(const Agent& agent) {
    if (!listeners_.empty()) publish(changed_event(agent));
}

void Live::agent_seen(const Agent& agent) {
    if (!listeners_.empty()) publish(seen_event(agent));
}

void Live::agent_forgotten(const base::Uuid& uid) {
    if (!listeners_.empty()) publish(forgotten_event(uid));
}

void Live::telemetry_received(const base::Uuid& uid, Signal signal) {
    if (!listeners_.empty()) publish(telemetry_event(uid, signal));
}

void Live::publish(std::string event) {
    const auto shared = std::make_shared<const std::string>(std::move(event));
    for (Listener& listener : listeners_) {
        const bool is_full = listener.events.size() >= kMostEvents || listener.bytes >= kMostBytes;
        listener.is_behind = listener.is_behind || is_full;
        if (!listener.is_behind) {
            listener.events.push_back(shared);
            listener.bytes += shared->size();
        }
        listener.filled.raise();
    }
}

async::Task<> Live::write_events(Listener& listener, net::WebSocket& socket) {
    co_await async::asio::this_coro::throw_if_cancelled(false);
    bool is_ended = false;
    while (!listener.is_behind && !is_ended) {
        listener.filled.clear();
        while (!listener.events.empty()) {
            const auto event = std::move(listener.events.front());
            listener.events.pop_front();
            listener.bytes -= event->size();
            if (!co_await socket.write_text(*event)) co_return;
        }
        co_await listener.filled.raised();
        is_ended = async::is_cancelled(co_await async::asio::this_coro::cancellation_state);
    }
}

async::Task<> Live::tell(std::unique_ptr<net::WebSocket> socket) {
    using namespace async;
    Listener& listener = listeners_.emplace_back(co_await asio::this_coro::executor);
    const auto place = std::prev(listeners_.end());
    co_await (write_events(listener, *socket) || discard_messages(*socket));
    const bool is_behind = listener.is_behind;
    listeners_.erase(place);
    co_await say_goodbye(*socket, is_behind ? net::CloseCode::policy : net::CloseCode::normal);
}

}  // namespace server
