#include "supervisor/connection.hpp"

#include "base/uuid.hpp"
#include "opamp/frame.hpp"

namespace supervisor {

using async::SteadyClock;
using async::Task;
using namespace async;  // the awaitable operators

Connection::Connection(asio::any_io_executor executor, Options options, opamp::ClientSession& session,
                       OrderTaker& orders, base::log::Scope log)
    : options_(std::move(options)),
      session_(session),
      orders_(orders),
      log_(std::move(log)),
      news_(executor),
      leave_(executor) {}

void Connection::say_goodbye() {
    leaving_for_good_ = true;
    leave_.raise();
}

Task<> Connection::run() {
    while (!leaving_for_good_) {
        auto socket = co_await connect();
        if (socket) co_await converse(*socket);
        is_connected_ = false;
        if (!leaving_for_good_) co_await wait_before_next();
    }
}

Task<std::unique_ptr<net::WebSocket>> Connection::connect() {
    net::Refusal refusal;
    auto attempt = co_await (net::connect_websocket(options_.client, refusal) || leave_.raised());
    if (attempt.index() != 0) co_return nullptr;
    auto socket = std::get<0>(std::move(attempt));
    if (socket) {
        is_connected_ = true;
        last_failure_.clear();
        log_.info("server.connected", {{"endpoint", options_.client.url.authority()}});
        co_return std::move(*socket);
    }
    retry_after_ = refusal.retry_after;
    note_failure(socket.error().text());
    co_return nullptr;
}

/// The first failure of a kind is news; the same again and again for days is not.
void Connection::note_failure(const std::string& why) {
    const base::log::Fields fields{
        {"endpoint", options_.client.url.authority()}, {"error", why}, {"failures", failures_ + 1}};
    if (why != last_failure_)
        log_.warning("server.connect_failed", fields);
    else
        log_.debug("server.connect_failed", fields);
    last_failure_ = why;
}

Task<> Connection::wait_before_next() {
    // A connection that worked is restored at once; one that never did is tried less and less often.
    const bool at_once = failures_ == 0 && !retry_after_ && last_failure_.empty();
    const auto pause = next_pause(failures_, options_.reconnect, retry_after_, base::random_u64());
    retry_after_.reset();
    ++failures_;
    if (at_once) co_return;
    log_.debug("server.retry_planned", {{"in", pause}});
    co_await (sleep_for(pause) || leave_.raised());
}

Task<> Connection::converse(net::WebSocket& socket) {
    session_.connected(opamp::Transport::websocket);
    is_answered_ = false;
    const auto begin = SteadyClock::now();
    auto end = co_await (read_all(socket) || write_all(socket));
    const auto& why = end.index() == 0 ? std::get<0>(end) : std::get<1>(end);
    if (!leaving_for_good_) leave_.clear();
    // One that answers and closes, again and again, has not worked: to come back at once each time would hammer it.
    const bool has_worked = is_answered_ && SteadyClock::now() - begin >= options_.reconnect.initial_interval;
    if (has_worked) failures_ = 0;
    if (why)
        log_.info("server.left", {{"endpoint", options_.client.url.authority()}});
    else
        log_.warning("server.disconnected",
                     {{"endpoint", options_.client.url.authority()}, {"error", why.error().text()}});
}

/// Ends only with an Error: the peer closed, the connection broke, or a message was not OpAMP.
Task<base::Result<void>> Connection::read_all(net::WebSocket& socket) {
    for (;;) {
        auto frame = co_await socket.read();
        if (!frame) co_return std::move(frame).error();
        const auto payload = opamp::decode_frame(*frame);
        auto orders = payload ? session_.receive(*payload) : base::Result<opamp::Orders>(payload.error());
        if (!orders) {
            log_.warning("message.refused", {{"bytes", frame->size()}, {"error", orders.error().text()}});
            continue;
        }
        is_answered_ = true;
        // A large offer is in `orders` now; its frame must not stay while it is worked on.
        std::string().swap(*frame);
        handle(std::move(*orders));
    }
}

void Connection::handle(opamp::Orders orders) {
    for (const std::string& ignored : orders.ignored) log_.debug("message.part_ignored", {{"part", ignored}});
    if (orders.error) {
        log_.warning("server.reported_error", {{"error", orders.error->message}});
        if (orders.error->type == opamp::ServerError::Type::unavailable) {
            retry_after_ = orders.error->retry_after.value_or(base::Duration::zero());
            failures_ = std::max(failures_, 1);
            leave_.raise();
        }
    }
    orders_.take(std::move(orders));
    news_.raise();
}

/// Ends with success after a goodbye.
Task<base::Result<void>> Connection::write_all(net::WebSocket& socket) {
    for (;;) {
        news_.clear();
        if (leave_.is_raised()) {
            (void)co_await write(socket, session_.goodbye(SteadyClock::now()));
            co_await socket.close(net::CloseCode::normal, "");
            co_return base::Result<void>();
        }
        const auto message = session_.next_message(SteadyClock::now());
        if (message) {
            auto written = co_await write(socket, *message);
            if (!written) co_return written;
            continue;
        }
        const auto beat = session_.next_due().value_or(SteadyClock::time_point::max());
        co_await (news_.raised() || leave_.raised() || sleep_until(beat));
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return base::Error(base::Kind::cancelled, "cancelled");
    }
}

Task<base::Result<void>> Connection::write(net::WebSocket& socket, const std::string& message) {
    const std::string frame = opamp::encode_frame(message);
    auto written = co_await socket.write(frame);
    if (!written && written.error().kind() == base::Kind::too_large) {
        log_.error("message.discarded", {{"bytes", frame.size()}, {"error", written.error().text()}});
        co_return base::Result<void>();
    }
    co_return written;
}

}  // namespace supervisor
