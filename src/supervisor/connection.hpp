// One agent's connection to the server: connects, keeps talking, comes back.
#pragma once

#include <memory>
#include <optional>

#include "net/reconnect.hpp"
#include "supervisor/credentials.hpp"
#include "supervisor/http_talk.hpp"
#include "supervisor/talk.hpp"

namespace supervisor {

class Connection : private ConnectionObserver {
public:
    struct Options {
        HttpTalk::Options target;
        net::ReconnectPolicy reconnect;
    };
    /// All outlive `run`.
    struct Partners {
        opamp::ClientSession& session;
        OrderTaker& orders;
        Credentials& credentials;
        ConnectionObserver& observer;
        async::BlockingPool& readers;  ///< For what is read to be reported.
        AgentTelemetry& telemetry;
    };
    Connection(async::asio::any_io_executor executor, Options options, const Partners& partners, base::log::Scope log);

    /// Talks to the server until `say_goodbye`, or until cancelled.
    async::Task<> run();

    /// The session has something new to say.
    void wake() { talk_.news.raise(); }
    /// Leaves the present server with a goodbye and goes to another, or to the same one by other means, at once.
    void change(net::ClientOptions client);
    /// Sends what is left with `agent_disconnect`, closes, and lets `run` return; without a connection it returns at
    /// once.
    void say_goodbye();

    const net::ClientOptions& client() const { return options_.target.client; }
    /// When the present conversation began; 0: there is none.
    std::uint64_t connected_unix_nano() const { return connected_unix_nano_; }
    /// Why there is none, as far as that is known.
    const std::string& trouble() const { return trouble_; }

private:
    async::Task<base::Result<void>> attempt();
    async::Task<base::Result<void>> attempt_websocket();
    async::Task<base::Result<void>> attempt_http();
    void begin_span();
    void end_span(const base::Error* why);
    void note_end(const base::Result<void>& end, async::SteadyClock::time_point begin);
    void note_failure(const base::Error& why);
    async::Task<> established() override;
    void failed(const base::Error&, base::Duration) override {}
    async::Task<> wait_before_next();

    Options options_;
    Credentials& credentials_;
    ConnectionObserver& observer_;
    Talk talk_;
    std::optional<HttpTalk> http_;  ///< Of the present target, across failures.
    std::optional<net::ClientOptions> next_client_;
    bool leaving_for_good_ = false;

    telemetry::Span span_;          ///< Of this attempt, until it is known what came of it.
    bool has_begun_ = false;        ///< This attempt has got as far as a conversation.
    bool retries_at_once_ = false;  ///< With fresh credentials.
    int failures_ = 0;              ///< In a row, without a connection between them that worked for a while.
    std::optional<async::SteadyClock::time_point> failing_since_;
    std::string last_failure_;
    std::uint64_t connected_unix_nano_ = 0;
    std::string trouble_;
};

}  // namespace supervisor
