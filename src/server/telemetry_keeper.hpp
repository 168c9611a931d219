// The telemetry's store beside the event loop: what blocks runs on a thread of its own, one after the other.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "async/blocking.hpp"
#include "async/notice.hpp"
#include "server/telemetry_store.hpp"

namespace server {

class TelemetryKeeper {
public:
    /// Who hears, a few times a second at most, of which agents something new has come.
    using News = std::function<void(const base::Uuid& agent, Signal signal)>;

    TelemetryKeeper(async::asio::any_io_executor executor, std::unique_ptr<TelemetryStore> store, News news)
        : store_(std::move(store)), news_(std::move(news)), is_new_(std::move(executor)) {}

    /// Keeps what the request holds; it is kept when this returns.
    /// Errors: invalid, io (tried again, it may be kept), timeout (too much is waiting already: try again later).
    async::Task<base::Result<Taken>> take(Signal signal, std::string request);

    /// What `read` makes of the store.
    template <typename Read>
    auto ask(const Read& read) -> async::Task<std::invoke_result_t<Read, TelemetryStore&>> {
        co_return co_await pool_.run([this, &read] { return read(*store_); });
    }

    /// Tells the news until cancelled.
    async::Task<> tell_news();

private:
    void note(const Kept& kept, Signal signal);

    std::unique_ptr<TelemetryStore> store_;
    News news_;
    std::size_t waiting_bytes_ = 0;
    std::size_t waiting_requests_ = 0;
    bool is_failing_ = false;
    std::set<std::pair<base::Uuid, Signal>> due_;
    async::Notice is_new_;
    async::BlockingPool pool_;  // last: its thread ends before what it works on
};

}  // namespace server
