#include "net/http_connection.hpp"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/log.hpp"
#include "base/units.hpp"
#include "net/errors.hpp"
#include "net/gzip.hpp"

namespace net {
namespace {

namespace asio = async::asio;
namespace http = boost::beast::http;
using async::is_cancelled;
using async::operator||;
using base::Error;
using base::Kind;
using base::Result;
using boost::system::error_code;

constexpr std::uint32_t kLongestHead = 16 << 10;
constexpr std::size_t kShortestEnd = 5;  ///< Of a chunked body. With less of it the parser can fail an assertion.
constexpr std::size_t kHeadRead = 4 << 10;
constexpr std::size_t kBodyRead = 64 << 10;
constexpr std::size_t kPieceOfAnswer = 256 << 10;
constexpr std::size_t kMostPacked = 1 << 20;  ///< More would hold up the loop for longer than it saves.

using Parser = http::request_parser<http::string_body>;

/// How the wait for a request ended.
struct Received {
    std::optional<HttpRequest> request;
    unsigned failure = 0;  ///< Without a request: the status to answer with, or 0 where nobody waits for an answer.
    bool keep_alive = false;
};

unsigned status_of(const error_code& code) {
    if (code == http::error::header_limit) return 431;
    if (code == http::error::body_limit) return 413;
    return 400;
}

unsigned status_of(const Error& error, bool has_begun) {
    return error.kind() == Kind::timeout && has_begun ? 408 : 0;
}

std::string text(boost::beast::string_view view) {
    return {view.data(), view.size()};
}

std::string peer_of(const Tcp::socket& socket) {
    error_code code;
    const auto peer = socket.remote_endpoint(code);
    if (code) return {};
    const auto address = peer.address().to_string();
    return (peer.address().is_v6() ? "[" + address + "]" : address) + ":" + std::to_string(peer.port());
}

HttpRequest to_request(Parser& parser, const Tcp::socket& socket) {
    auto& parsed = parser.get();
    HttpRequest request;
    request.method = text(parsed.method_string());
    request.target = text(parsed.target());
    for (const auto& field : parsed) request.headers.push_back({text(field.name_string()), text(field.value())});
    request.body = std::move(parsed.body());
    request.peer = peer_of(socket);
    return request;
}

/// Undoes the coding of a request's body. The status to refuse it with, or 0.
unsigned decode(HttpRequest& request, std::uint64_t limit) {
    const auto coding = request.header("Content-Encoding");
    if (coding.empty() || is_same_token(coding, "identity")) return 0;
    if (!is_same_token(coding, "gzip") && !is_same_token(coding, "x-gzip")) return 415;
    auto body = gunzip(request.body, limit);
    if (!body) return body.error().kind() == Kind::too_large ? 413 : 400;
    request.body = std::move(*body);
    std::erase_if(request.headers, [](const Header& header) { return is_same_token(header.name, "Content-Encoding"); });
    return 0;
}

/// Gzipped where both sides are for it and it is not large. What a cache may give to whom is said in either case.
void encode(HttpResponse& response, bool is_accepted) {
    if (!response.may_be_compressed || response.body.empty()) return;
    response.headers.push_back({"Vary", "Accept-Encoding"});
    if (!is_accepted || response.body.size() > kMostPacked) return;
    response.body = gzip(response.body);
    response.headers.push_back({"Content-Encoding", "gzip"});
}

bool wants_websocket(const HttpRequest& request) {
    return request.method == "GET" && is_same_token(request.header("Upgrade"), "websocket");
}

bool has_body(unsigned status) {
    return status >= 200 && status != 204 && status != 304;
}

std::string head_of(const HttpResponse& response, bool keep_alive) {
    const auto reason = http::obsolete_reason(static_cast<http::status>(response.status));
    std::string head = "HTTP/1.1 " + std::to_string(response.status) + " " + text(reason) + "\r\n";
    const auto add = [&](std::string_view name, std::string_view value) {
        head.append(name).append(": ").append(value).append("\r\n");
    };
    if (has_body(response.status)) {
        if (!response.content_type.empty()) add("Content-Type", response.content_type);
        add("Content-Length", std::to_string(response.body.size()));
    }
    add("Connection", keep_alive ? "keep-alive" : "close");
    for (const auto& [name, value] : response.headers) add(name, value);
    return head + "\r\n";
}

HttpResponse plain(unsigned status) {
    HttpResponse response;
    response.status = status;
    response.body = text(http::obsolete_reason(static_cast<http::status>(status))) + "\n";
    return response;
}

async::Task<Result<std::size_t>> read_some(Tcp::socket& socket, asio::mutable_buffer room) {
    const auto [code, bytes] = co_await socket.async_read_some(room, async::as_result);
    if (code) co_return network_error(code);
    co_return bytes;
}

async::Task<Result<void>> write_all(Tcp::socket& socket, asio::const_buffer piece) {
    const auto [code, bytes] = co_await asio::async_write(socket, piece, async::as_result);
    if (code) co_return network_error(code);
    co_return Result<void>();
}

async::Task<> drain(Tcp::socket& socket) {
    std::string rest(kHeadRead, '\0');
    for (;;) {
        const auto [code, bytes] = co_await socket.async_read_some(asio::buffer(rest), async::as_result);
        if (code) co_return;
    }
}

class Connection {
public:
    Connection(Tcp::socket socket, HttpHandler& handler, const Limits& limits)
        : socket_(std::move(socket)), handler_(handler), limits_(limits) {}

    async::Task<> serve();

private:
    async::Task<Received> receive();
    async::Task<Result<void>> read_more(std::size_t bytes, async::SteadyClock::time_point until);
    async::Task<Result<void>> invite_body(Parser& parser);
    error_code feed(Parser& parser);
    async::Task<HttpResponse> answer(HttpRequest request);
    async::Task<bool> send(const HttpResponse& response, bool keep_alive, bool is_head);
    async::Task<bool> send_bytes(std::string_view bytes);
    async::Task<> refuse(unsigned status);
    async::Task<> become_websocket(HttpRequest request);

    bool has_arrived() const {
        error_code code;
        return socket_.available(code) > 0;
    }
    async::SteadyClock::time_point patience() const { return async::SteadyClock::now() + limits_.idle; }

    Tcp::socket socket_;
    HttpHandler& handler_;
    const Limits limits_;
    std::string pending_;  // Read from the socket, and not yet part of a request.
};

async::Task<> Connection::serve() {
    for (;;) {
        auto received = co_await receive();
        const bool is_ending = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ending && !received.request) co_return;
        if (!received.request) co_return co_await refuse(received.failure);
        if (is_ending && wants_websocket(*received.request)) co_return co_await refuse(503);
        if (wants_websocket(*received.request) && handler_.accepts_websocket(*received.request))
            co_return co_await become_websocket(std::move(*received.request));
        const bool is_head = received.request->method == "HEAD";
        const bool takes_gzip = accepts_gzip(received.request->headers);
        auto response = co_await answer(std::move(*received.request));
        encode(response, takes_gzip);
        const auto state = co_await asio::this_coro::cancellation_state;
        const bool goes_on = received.keep_alive && !is_cancelled(state);
        const bool was_sent = co_await send(response, goes_on, is_head);
        if (!was_sent || !goes_on) co_return;
    }
}

/// The next request. Its head has `idle` to arrive, however slowly; its body may take any time that is not spent in
/// silence. One that has begun to arrive when the server ends has `close` for the rest.
async::Task<Received> Connection::receive() {
    Parser parser;
    parser.eager(true);
    parser.header_limit(kLongestHead);
    parser.body_limit(limits_.receive_bytes);
    auto until = patience();
    bool is_invited = false;
    bool is_last = false;
    for (;;) {
        if (const auto code = feed(parser)) co_return Received{std::nullopt, status_of(code), false};
        if (parser.is_done()) co_return Received{to_request(parser, socket_), 0, parser.keep_alive()};
        if (parser.is_header_done()) {
            if (!is_last) until = patience();
            if (!is_invited) (void)co_await invite_body(parser);  // a client that is gone shows at the next read
            is_invited = true;
        }
        const bool has_begun = parser.got_some() || !pending_.empty();
        const bool is_ending = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ending && !is_last) {
            if (!has_begun && !has_arrived()) co_return Received{};
            until = async::SteadyClock::now() + limits_.close;
            is_last = true;
        }
        const auto more = co_await read_more(parser.is_header_done() ? kBodyRead : kHeadRead, until);
        const bool was_interrupted = is_cancelled(co_await asio::this_coro::cancellation_state) && !is_last;
        if (!more && !was_interrupted) co_return Received{std::nullopt, status_of(more.error(), has_begun), false};
    }
}

async::Task<Result<void>> Connection::read_more(std::size_t bytes, async::SteadyClock::time_point until) {
    const auto before = pending_.size();
    pending_.resize(before + bytes);
    const auto room = asio::buffer(pending_.data() + before, bytes);
    const auto limit = until - async::SteadyClock::now();
    const auto read = co_await async::with_timeout(limit, read_some(socket_, room));
    pending_.resize(before + (read ? *read : 0));
    if (!read) co_return read.error();
    co_return Result<void>();
}

/// Spec: RFC 9110, 10.1.1. A client that asks first waits for this line before it sends its body.
async::Task<Result<void>> Connection::invite_body(Parser& parser) {
    static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
    if (!is_same_token(text(parser.get()[http::field::expect]), "100-continue")) co_return Result<void>();
    co_return co_await write_all(socket_, asio::buffer(kContinue));
}

/// Lets the parser have what is pending; it takes no more than one request.
error_code Connection::feed(Parser& parser) {
    error_code code;
    while (!parser.is_done() && !pending_.empty()) {
        if (parser.is_header_done() && parser.chunked() && pending_.size() < kShortestEnd) return {};
        const auto taken = parser.put(asio::buffer(pending_), code);
        pending_.erase(0, taken);
        // The parser limits the head, but neither a chunk's extensions nor what comes behind the last chunk.
        if (code == http::error::need_more && pending_.size() > kLongestHead) return http::error::header_limit;
        if (code == http::error::need_more) return {};
        if (code) return code;
    }
    return {};
}

async::Task<HttpResponse> Connection::answer(HttpRequest request) {
    if (const unsigned failure = decode(request, limits_.receive_bytes)) co_return plain(failure);
    const std::string method = request.method;
    const std::string path(request.path());
    std::string failure;
    try {
        auto response = co_await handler_.respond(std::move(request));
        if (response.body.size() <= limits_.send_bytes) co_return response;
        failure = "an answer of " + base::format_size(response.body.size()) + ", and " +
                  base::format_size(limits_.send_bytes) + " is the limit";
    } catch (const std::exception& e) {
        failure = e.what();
    }
    base::log::error("http_request.failed", {{"method", method}, {"path", path}, {"error", failure}});
    co_return plain(500);
}

async::Task<bool> Connection::send(const HttpResponse& response, bool keep_alive, bool is_head) {
    if (auto checked = check_headers(response.headers); !checked) {
        base::log::error("http_response.refused", {{"error", checked.error().message()}});
        co_return co_await send(plain(500), keep_alive, is_head);
    }
    const auto head = head_of(response, keep_alive);
    if (!co_await send_bytes(head)) co_return false;
    if (is_head || !has_body(response.status)) co_return true;
    co_return co_await send_bytes(response.body);
}

async::Task<bool> Connection::send_bytes(std::string_view bytes) {
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, kPieceOfAnswer);
        const auto sent = co_await async::with_timeout(limits_.idle, write_all(socket_, asio::buffer(piece)));
        if (!sent) co_return false;
        bytes.remove_prefix(piece.size());
    }
    co_return true;
}

/// The last answer on this connection. What the peer still sends is read for a while: closing over it would be a reset,
/// which can take the answer away from the peer.
async::Task<> Connection::refuse(unsigned status) {
    if (status == 0) co_return;
    if (!co_await send(plain(status), false, false)) co_return;
    error_code ignored;
    socket_.shutdown(Tcp::socket::shutdown_send, ignored);
    co_await (drain(socket_) || async::sleep_for(limits_.close));
}

async::Task<> Connection::become_websocket(HttpRequest request) {
    if (!pending_.empty()) co_return co_await refuse(400);  // Spec: RFC 6455, 4.1: the client waits for the answer.
    auto socket = co_await accept_websocket(std::move(socket_), request, limits_);
    if (socket) co_await handler_.talk(std::move(request), std::move(*socket));
}

}  // namespace

async::Task<> serve_connection(Tcp::socket socket, HttpHandler& handler, Limits limits) {
    // A handler that is asked to end still says goodbye, and for that it must be able to await.
    co_await asio::this_coro::throw_if_cancelled(false);
    Connection connection(std::move(socket), handler, limits);
    co_await connection.serve();
}

}  // namespace net
