// One conversation with the server, over either transport. What is said is ClientSession's decision.
#pragma once

#include <optional>
#include <string>

#include "async/blocking.hpp"
#include "async/notice.hpp"
#include "base/log.hpp"
#include "base/result.hpp"
#include "net/client.hpp"
#include "opamp/client_session.hpp"
#include "supervisor/agent_telemetry.hpp"
#include "supervisor/credentials.hpp"

namespace supervisor {

/// How a message came.
struct Received {
    std::uint64_t at_unix_nano = 0;
    telemetry::Carrier carrier;  ///< Of the trace that it belongs to, if the server has said so.
};

/// Takes what the server asks for. Called on the event loop; must not block.
class OrderTaker {
public:
    virtual ~OrderTaker() = default;
    virtual void take(opamp::Orders orders, const Received& received) = 0;
};

/// Hears how the attempts to talk with the server go.
class ConnectionObserver {
public:
    virtual ~ConnectionObserver() = default;
    /// A WebSocket stands and nothing was said on it yet; or the server has answered a first request.
    virtual async::Task<> established() = 0;
    /// An attempt came to nothing; they have done so for `how_long`.
    virtual void failed(const base::Error& why, base::Duration how_long) = 0;
};

/// What both transports share of the connection that they serve, and what they find out for it.
struct Talk {
    Talk(async::asio::any_io_executor executor, opamp::ClientSession& the_session, OrderTaker& the_orders,
         async::BlockingPool& the_readers, AgentTelemetry& the_telemetry, base::log::Scope the_log)
        : session(the_session),
          orders(the_orders),
          readers(the_readers),
          telemetry(the_telemetry),
          log(std::move(the_log)),
          news(executor),
          leave(executor) {}

    /// What the next message is made of is read, beside the loop: a large config takes seconds to lose its secrets.
    async::Task<> read_ahead();

    /// A ServerToAgent, without a frame's header. What is no such message is logged and forgotten.
    void receive(std::string_view payload, telemetry::Carrier carrier = {});
    void note_sent(std::size_t bytes) const { telemetry.metrics().message(AgentMetrics::Direction::transmit, bytes); }
    void refuse(std::size_t bytes, const base::Error& error) const;
    /// The message given last is over a limit: what makes it so is given up, the rest is said without it.
    void discard(std::size_t bytes, const base::Error& error);
    /// The server is overloaded: come back later, after `retry_after` where it says so.
    void throttle(std::optional<base::Duration> after);

    opamp::ClientSession& session;
    OrderTaker& orders;
    async::BlockingPool& readers;
    AgentTelemetry& telemetry;
    base::log::Scope log;
    async::Notice news;   ///< The session may have something to say.
    async::Notice leave;  ///< Say goodbye, and end.

    bool is_answered = false;  ///< The server has said something valid in this conversation.
    bool is_throttled = false;
    std::optional<base::Duration> retry_after;
};

/// Adds what the credentials say, unless `headers` has an Authorization of its own, which a server's offer brings.
async::Task<base::Result<void>> authorize(Credentials& credentials, std::vector<net::Header>& headers);

/// For what may be under way when `leave` is raised: a while after that, an Error that says what it is given up for.
async::Task<base::Error> patience_is_over(async::Notice& leave);

/// Reads and writes until the peer is gone, or `leave` is raised: then, after a goodbye, the end is a success.
async::Task<base::Result<void>> talk_over(Talk& talk, net::WebSocket& socket);

}  // namespace supervisor
