// One agent's connection to the server: connects, keeps talking, comes back. What is said is ClientSession's decision.
#pragma once

#include <optional>

#include "async/notice.hpp"
#include "base/log.hpp"
#include "net/client.hpp"
#include "opamp/client_session.hpp"
#include "supervisor/reconnect.hpp"

namespace supervisor {

/// Takes what the server asks for. Called on the event loop; must not block.
class OrderTaker {
public:
    virtual ~OrderTaker() = default;
    virtual void take(opamp::Orders orders) = 0;
};

class Connection {
public:
    struct Options {
        net::ClientOptions client;
        ReconnectPolicy reconnect;
    };
    /// `session` and `orders` outlive `run`.
    Connection(async::asio::any_io_executor executor, Options options, opamp::ClientSession& session,
               OrderTaker& orders, base::log::Scope log);

    /// Talks to the server until `say_goodbye`, or until cancelled.
    async::Task<> run();

    /// The session has something new to say.
    void wake() { news_.raise(); }
    /// Sends what is left with `agent_disconnect`, closes, and lets `run` return; without a connection it returns at
    /// once.
    void say_goodbye();

    bool is_connected() const { return is_connected_; }

private:
    enum class End { lost, goodbye, pause };

    async::Task<std::unique_ptr<net::WebSocket>> connect();
    async::Task<> converse(net::WebSocket& socket);
    async::Task<base::Result<void>> read_all(net::WebSocket& socket);
    async::Task<base::Result<void>> write_all(net::WebSocket& socket);
    async::Task<base::Result<void>> write(net::WebSocket& socket, const std::string& message);
    void handle(opamp::Orders orders);
    void note_failure(const std::string& why);
    async::Task<> wait_before_next();

    Options options_;
    opamp::ClientSession& session_;
    OrderTaker& orders_;
    base::log::Scope log_;
    async::Notice news_;
    async::Notice leave_;            ///< Say goodbye on this connection …
    bool leaving_for_good_ = false;  ///< … and do not come back.
    bool is_connected_ = false;
    bool is_answered_ = false;  ///< The server has said something valid on this connection.
    int failures_ = 0;          ///< In a row, without a connection between them that worked for a while.
    std::optional<base::Duration> retry_after_;
    std::string last_failure_;
};

}  // namespace supervisor
