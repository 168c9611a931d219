// The telemetry's store beside the event loop: what blocks runs on a thread of its own, one after the other.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <set>
#include <string>

#include "async/blocking.hpp"
#include "async/notice.hpp"
#include "server/telemetry_store.hpp"

namespace server {

class TelemetryKeeper {
public:
    using IsAgent = std::function<bool(const base::Uuid& uid)>;
    /// Who hears, a few times a second at most, of which agents something new has come.
    using News = std::function<void(const base::Uuid& agent, Signal signal)>;

    TelemetryKeeper(async::asio::any_io_executor executor, std::unique_ptr<TelemetryStore> store, IsAgent is_agent,
                    News news)
        : store_(std::move(store)),
          is_agent_(std::move(is_agent)),
          news_(std::move(news)),
          is_new_(std::move(executor)) {}

    /// Keeps what the request holds; it is kept when this returns.
    /// Errors: invalid, io (tried again, it may be kept), timeout (too much is waiting already: try again later),
    /// cancelled.
    async::Task<base::Result<Taken>> take(Signal signal, std::string request);

    /// What `read` makes of the store, a Result. Errors: its own, and cancelled.
    template <typename Read>
    auto ask(const Read& read) -> async::Task<std::invoke_result_t<Read, TelemetryStore&>> {
        const auto work = [&]() -> std::invoke_result_t<Read, TelemetryStore&> {
            if (is_stopping_) return stopping();
            return read(*store_);
        };
        co_return co_await pool_.run([&work] { return work(); });
    }

    /// Tells the news until cancelled.
    async::Task<> tell_news();

    /// What waits and has not begun ends as cancelled: a server that is to end does not work off its queue.
    void stop() { is_stopping_ = true; }

private:
    class Place;
    static base::Error stopping() { return {base::Kind::cancelled, "the server is about to end"}; }
    bool has_room(std::size_t bytes);
    void note_outcome(const base::Result<Kept>& kept);
    void note_news(const Kept& kept, Signal signal);

    std::unique_ptr<TelemetryStore> store_;
    IsAgent is_agent_;
    News news_;
    std::atomic<bool> is_stopping_ = false;
    std::size_t waiting_bytes_ = 0;
    std::size_t waiting_requests_ = 0;
    bool is_failing_ = false;
    bool is_overloaded_ = false;
    std::set<std::pair<base::Uuid, Signal>> due_;
    async::Notice is_new_;
    async::BlockingPool pool_;  // last: its thread ends before what it works on
};

}  // namespace server
