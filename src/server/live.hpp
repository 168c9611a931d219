// Changes of agents, told to every page that listens.
#pragma once

#include <deque>
#include <list>
#include <memory>
#include <string>

#include "async/notice.hpp"
#include "async/task.hpp"
#include "net/websocket.hpp"
#include "server/agents.hpp"
#include "server/telemetry.hpp"

namespace server {

class Live : public AgentObserver {
public:
    /// Tells `socket` of every change until its peer leaves, falls too far behind, or this is cancelled.
    async::Task<> tell(std::unique_ptr<net::WebSocket> socket);

    void agent_changed(const Agent& agent) override;
    void agent_seen(const Agent& agent) override;
    void agent_forgotten(const base::Uuid& uid) override;
    /// Something new has come of this agent.
    void telemetry_received(const base::Uuid& uid, Signal signal);

private:
    struct Listener {
        explicit Listener(async::asio::any_io_executor executor) : filled(std::move(executor)) {}
        std::deque<std::shared_ptr<const std::string>> events;
        std::size_t bytes = 0;  ///< Of the events that wait.
        async::Notice filled;
        bool is_behind = false;
    };
    void publish(std::string event);
    static async::Task<> write_events(Listener& listener, net::WebSocket& socket);

    std::list<Listener> listeners_;
};

}  // namespace server
