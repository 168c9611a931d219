#include "net/websocket.hpp"

#include <boost/asio/ssl/error.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "base/bytes.hpp"
#include "base/units.hpp"
#include "net/errors.hpp"
#include "net/upgrade.hpp"
#include "net/user_agent.hpp"

namespace net {
namespace {

namespace asio = async::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using async::is_cancelled;
using async::operator||;
using base::Error;
using base::Kind;
using base::Result;
using boost::system::error_code;
using Connected = Result<std::unique_ptr<WebSocket>>;

constexpr std::size_t kFirstRead = 1024;     // What an idle connection holds ready.
constexpr std::size_t kLongestReason = 120;  // 123 by the protocol, less the sign of omission.

// ---------------------------------------------------------------------------------------------------- streams

/// A stream that knows how long to wait for a peer which does not end a connection that both have closed.
struct Transport : Stream {
    Transport(Stream connected, const Limits& limits) : Stream(std::move(connected)), patience(limits.close) {}
    std::chrono::nanoseconds patience;
};

/// Called by Beast, which finds it by its arguments. Beast's own ones wait without limit.
template <typename Handler>
void async_teardown(beast::role_type, Transport& stream, Handler&& handler) {
    asio::co_spawn(
        stream.get_executor(), stream.end(stream.patience),
        [done = std::forward<Handler>(handler)](std::exception_ptr, error_code) mutable { done(error_code()); });
}

// ---------------------------------------------------------------------------------------------------- connection

enum class Reading { no, under_way, ended };

/// What a read under way needs. The read is not bound to the coroutine that waits for it, because Beast can say goodbye
/// beside a read, but not after one that was cancelled; so the read shares this, and ends when the socket is closed.
struct Session {
    Session(Stream connected, const Limits& given)
        : stream(std::move(connected), given),
          limits(given),
          ended(stream.get_executor(), async::SteadyClock::time_point::max()) {
        stream.read_message_max(limits.receive_bytes);
        stream.auto_fragment(false);
    }

    websocket::stream<Transport, /*deflateSupported=*/false> stream;
    Limits limits;
    Reading reading = Reading::no;
    error_code outcome;
    std::string message;     // As large as the room for it.
    std::size_t filled = 0;  // What has arrived of it.
    asio::steady_timer ended;
};

void set_time_limit(auto& stream, std::chrono::nanoseconds limit) {
    websocket::stream_base::timeout timeout;
    timeout.handshake_timeout = limit;
    timeout.idle_timeout = websocket::stream_base::none();  // An idle connection sets no timer.
    timeout.keep_alive_pings = false;
    stream.set_option(timeout);
}

void read_on(std::shared_ptr<Session> session) {
    Session& s = *session;
    // Room grows with what has really arrived: a frame's header alone must not cost 64 MiB.
    if (s.filled == s.message.size())
        s.message.resize(std::min(std::max(kFirstRead, s.filled + s.filled / 2), s.limits.receive_bytes + 1));
    const auto room = asio::buffer(s.message.data() + s.filled, s.message.size() - s.filled);
    s.stream.async_read_some(room, [session = std::move(session)](error_code code, std::size_t bytes) {
        session->filled += bytes;
        if (!code && !session->stream.is_message_done()) return read_on(session);
        session->outcome = code;
        session->reading = Reading::ended;
        session->ended.cancel();
    });
}

/// The message that has arrived, and its memory with it.
std::string take_message(Session& session) {
    session.message.resize(std::exchange(session.filled, 0));
    return std::exchange(session.message, {});
}

Error closed_by_peer(const websocket::close_reason& reason) {
    std::string text = "the peer closed the connection";
    if (reason.code != websocket::close_code::none) text += " with code " + std::to_string(reason.code);
    if (!reason.reason.empty()) text += ": " + base::to_valid_utf8({reason.reason.data(), reason.reason.size()});
    return {Kind::refused, text};
}

Error stream_error(const error_code& code) {
    if (code == beast::error::timeout) return {Kind::timeout, "no answer within the time limit"};
    if (code == asio::error::operation_aborted) return {Kind::io, "the connection is closed"};
    if (code.category() == make_error_code(websocket::error::closed).category())
        return {Kind::invalid, "the peer does not keep to the WebSocket protocol: " + code.message()};
    if (code == http::error::end_of_stream || code == http::error::partial_message)
        return network_error(asio::error::eof);
    if (code.category() == make_error_code(http::error::bad_version).category())
        return {Kind::invalid, "the peer's answer is not HTTP: " + code.message()};
    return network_error(code);
}

Error read_error(const auto& stream, const error_code& code, const Limits& limits) {
    // The peer's Close counts even where what came after it went wrong.
    if (code == websocket::error::closed || stream.reason().code != websocket::close_code::none)
        return closed_by_peer(stream.reason());
    if (code == websocket::error::message_too_big)
        return {Kind::too_large, "a message of more than " + base::format_size(limits.receive_bytes)};
    return stream_error(code);
}

Error cancelled() {
    return {Kind::cancelled, "cancelled"};
}

class Connection final : public WebSocket {
public:
    explicit Connection(std::shared_ptr<Session> session) : session_(std::move(session)) {
        set_time_limit(session_->stream, websocket::stream_base::none());
    }
    ~Connection() override { drop(); }

    async::Task<Result<std::string>> read() override {
        Session& s = *session_;
        if (s.reading == Reading::no) {
            s.reading = Reading::under_way;
            read_on(session_);
        }
        while (s.reading == Reading::under_way) {
            if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return cancelled();
            co_await s.ended.async_wait(async::as_result);
        }
        s.reading = Reading::no;
        auto message = take_message(s);
        if (s.outcome) co_return read_error(s.stream, s.outcome, s.limits);
        if (s.stream.got_text()) co_return Error(Kind::invalid, "a text message where binary ones are expected");
        co_return message;
    }

    async::Task<Result<void>> write(std::string_view message) override { return send(message, true); }
    async::Task<Result<void>> write_text(std::string_view message) override { return send(message, false); }

    async::Task<> close(CloseCode code, std::string_view reason) override {
        // In a coroutine of its own, so that the caller's cancellation state is as it was.
        const auto executor = session_->stream.get_executor();
        co_await asio::co_spawn(executor, close_now(code, reason), async::as_result);
    }

private:
    async::Task<Result<void>> send(std::string_view message, bool is_binary) {
        Session& s = *session_;
        if (message.size() > s.limits.send_bytes)
            co_return Error(Kind::too_large, "a message of " + base::format_size(message.size()) + ", and " +
                                                 base::format_size(s.limits.send_bytes) + " is the limit");
        if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return cancelled();
        s.stream.binary(is_binary);
        // Beast writes piece by piece and does not see a cancellation that comes between two of them. Half a frame
        // makes the connection useless in any case, so to cancel is to drop it.
        const asio::cancellation_state state = co_await asio::this_coro::cancellation_state;
        asio::cancellation_slot slot = state.slot();
        if (slot.is_connected()) slot.assign([this](asio::cancellation_type) { drop(); });
        const auto [code, bytes] = co_await s.stream.async_write(
            asio::buffer(message), asio::bind_cancellation_slot(asio::cancellation_slot(), async::as_result));
        if (slot.is_connected()) slot.clear();
        if (!code) co_return Result<void>();
        if (is_cancelled(co_await asio::this_coro::cancellation_state)) co_return cancelled();
        co_return stream_error(code);
    }

    async::Task<> close_now(CloseCode code, std::string_view reason) {
        co_await asio::this_coro::reset_cancellation_state(asio::disable_cancellation());
        if (std::exchange(is_closed_, true)) co_return;
        const auto words = base::shortened(reason, kLongestReason);
        const websocket::close_reason goodbye(static_cast<websocket::close_code>(code), {words.data(), words.size()});
        co_await (session_->stream.async_close(goodbye, async::as_result) || drop_after(session_->limits.close));
        drop();
    }

    /// Ends whatever stage the closing handshake has reached.
    async::Task<> drop_after(std::chrono::nanoseconds limit) {
        co_await async::sleep_for(limit);
        drop();
    }

    void drop() {
        error_code ignored;
        session_->stream.next_layer().tcp().close(ignored);
    }

    std::shared_ptr<Session> session_;
    bool is_closed_ = false;
};

std::unique_ptr<WebSocket> opened(std::shared_ptr<Session> session) {
    return std::make_unique<Connection>(std::move(session));
}

// ---------------------------------------------------------------------------------------------------- client

websocket::stream_base::decorator request_headers(const ClientOptions& options) {
    return websocket::stream_base::decorator([headers = options.headers](websocket::request_type& request) {
        request.set(http::field::user_agent, {kUserAgent.data(), kUserAgent.size()});
        for (const auto& [name, value] : headers) {
            const bool is_ours = is_same_token(name, "Host") || is_same_token(name, "User-Agent");
            is_ours ? request.set(name, value) : request.insert(name, value);
        }
    });
}

bool is_redirect(unsigned status) {
    return status >= 300 && status < 400;
}

Error refused(const websocket::response_type& response, Refusal& refusal) {
    const auto value_of = [&](http::field name) { return std::string(response[name]); };
    refusal.http_status = response.result_int();
    if (refusal.http_status == 429 || refusal.http_status == 503)
        refusal.retry_after = parse_retry_after(value_of(http::field::retry_after), std::chrono::system_clock::now());
    if (is_redirect(refusal.http_status)) refusal.location = value_of(http::field::location);
    const auto words = response.reason().empty() ? http::obsolete_reason(response.result()) : response.reason();
    return {Kind::refused,
            "HTTP " + std::to_string(refusal.http_status) + " " + base::to_valid_utf8({words.data(), words.size()})};
}

// ---------------------------------------------------------------------------------------------------- server

http::request<http::empty_body> upgrade_request(const HttpRequest& from) {
    http::request<http::empty_body> request(http::string_to_verb(from.method), from.target, 11);
    for (const auto& [name, value] : from.headers) request.insert(name, value);
    return request;
}

void name_ourselves(websocket::response_type& response) {
    response.set(http::field::server, {kUserAgent.data(), kUserAgent.size()});
}

/// A server may refuse us with an alert of TLS while we write the request, for instance because our certificate is
/// missing: the write fails, and what was said is still to be read.
async::Task<error_code> reason_of(Stream& stream, error_code failure) {
    if (failure != asio::error::broken_pipe && failure != asio::error::connection_reset) co_return failure;
    // Without anything there, this may be the failure of a read. Another one would wait for ever: the reactor, which is
    // told of each change once, has nothing more to tell.
    error_code ignored;
    if (stream.tcp().available(ignored) == 0) co_return failure;
    char byte = 0;
    const auto [code, bytes] = co_await stream.async_read_some(asio::buffer(&byte, 1), async::as_result);
    co_return code.category() == asio::error::get_ssl_category() ? code : failure;
}

}  // namespace

async::Task<Connected> upgrade(Stream stream, const ClientOptions& options, Refusal& refusal) {
    auto session = std::make_shared<Session>(std::move(stream), options.limits);
    session->stream.set_option(request_headers(options));
    websocket::response_type response;
    const auto [code] = co_await session->stream.async_handshake(response, options.url.host_header(),
                                                                 options.url.target, async::as_result);
    if (code == websocket::error::upgrade_declined) co_return refused(response, refusal);
    if (code) co_return stream_error(co_await reason_of(session->stream.next_layer(), code));
    co_return opened(std::move(session));
}

async::Task<Connected> accept_websocket(Tcp::socket socket, const HttpRequest& request, Limits limits) {
    auto session = std::make_shared<Session>(Stream(std::move(socket)), limits);
    session->stream.set_option(websocket::stream_base::decorator(name_ourselves));
    set_time_limit(session->stream, limits.handshake);
    const auto head = upgrade_request(request);
    const auto [code] = co_await session->stream.async_accept(head, async::as_result);
    if (code) co_return stream_error(code);
    co_return opened(std::move(session));
}

}  // namespace net
