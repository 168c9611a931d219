#include "opamp/frame.hpp"
#include "supervisor/talk.hpp"

namespace supervisor {
namespace {

using async::SteadyClock;
using async::Task;
using namespace async;  // the awaitable operators
using base::Result;

/// Ends only with an Error: the peer closed, or the connection broke.
Task<Result<void>> read_all(Talk& talk, net::WebSocket& socket) {
    for (;;) {
        auto frame = co_await socket.read();
        if (!frame) co_return std::move(frame).error();
        const auto payload = opamp::decode_frame(*frame);
        if (!payload) {
            talk.refuse(frame->size(), payload.error());
            continue;
        }
        talk.receive(*payload);
        if (talk.is_throttled) talk.leave.raise();  // Spec: "Throttling", "WebSocket Transport"
    }
}

Task<Result<void>> write(Talk& talk, net::WebSocket& socket, std::string message) {
    const std::string frame = opamp::encode_frame(std::move(message));
    auto end = co_await (socket.write(frame) || patience_is_over(talk.leave));
    if (end.index() != 0) co_return std::get<1>(std::move(end));
    auto written = std::get<0>(std::move(end));
    if (!written && written.error().kind() == base::Kind::too_large) {
        talk.discard(frame.size(), written.error());
        co_return Result<void>();
    }
    if (written) talk.note_sent(frame.size());
    co_return written;
}

/// Ends with success after a goodbye.
Task<Result<void>> write_all(Talk& talk, net::WebSocket& socket) {
    for (;;) {
        talk.news.clear();
        co_await talk.read_ahead();
        if (talk.leave.is_raised()) {
            (void)co_await write(talk, socket, talk.session.goodbye(SteadyClock::now()));
            co_await socket.close(net::CloseCode::normal, "");
            co_return Result<void>();
        }
        auto message = talk.session.next_message(SteadyClock::now());
        if (message) {
            auto written = co_await write(talk, socket, std::move(*message));
            if (!written) {
                talk.session.take_back();
                co_return written;
            }
            continue;
        }
        const auto due = talk.session.next_due().value_or(SteadyClock::time_point::max());
        co_await (talk.news.raised() || talk.leave.raised() || sleep_until(due));
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return base::Error(base::Kind::cancelled, "cancelled");
    }
}

}  // namespace

Task<Result<void>> talk_over(Talk& talk, net::WebSocket& socket) {
    auto end = co_await (read_all(talk, socket) || write_all(talk, socket));
    co_return end.index() == 0 ? std::get<0>(std::move(end)) : std::get<1>(std::move(end));
}

}  // namespace supervisor
