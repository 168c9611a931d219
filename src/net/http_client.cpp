#include <sys/socket.h>

#include <cerrno>

#include "base/units.hpp"
#include "net/client.hpp"
#include "net/gzip.hpp"
#include "net/http_exchange.hpp"
#include "net/open.hpp"
#include "net/user_agent.hpp"

namespace net {
namespace {

using base::Error;
using base::Kind;
using base::Result;

/// Headers given by the options or the request go before those of our own.
std::string head_of(const ClientOptions& options, std::string_view method, const std::vector<Header>& of_request,
                    std::vector<Header> ours) {
    std::string head = std::string(method) + " " + options.url.target + " HTTP/1.1\r\n";
    const auto add = [&](const Header& header) {
        head.append(header.name).append(": ").append(header.value).append("\r\n");
    };
    ours.push_back({"Host", options.url.host_header()});
    ours.push_back({"User-Agent", std::string(kUserAgent)});
    for (const Header& header : ours)
        if (find_header(options.headers, header.name).empty() && find_header(of_request, header.name).empty())
            add(header);
    for (const Header& header : options.headers) add(header);
    for (const Header& header : of_request) add(header);
    return head + "\r\n";
}

/// Whether nothing has come on a connection that waits: neither its end, nor a word that answers no request.
bool is_quiet(Stream& stream) {
    char byte = 0;
    return ::recv(stream.tcp().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

Error too_long(std::size_t bytes, std::uint64_t limit) {
    return {Kind::too_large,
            "a body of " + base::format_size(bytes) + ", and " + base::format_size(limit) + " is the limit"};
}

}  // namespace

HttpClient::HttpClient(ClientOptions options) : options_(std::move(options)) {}
HttpClient::~HttpClient() = default;

async::Task<Result<HttpResponse>> HttpClient::send(const Request& request) {
    may_have_been_received_ = false;
    if (request.body.size() > options_.limits.send_bytes)
        co_return too_long(request.body.size(), options_.limits.send_bytes);
    if (auto checked = check_headers(request.headers); !checked) co_return std::move(checked).error();
    std::vector<Header> ours;
    ours.push_back({"Accept-Encoding", "gzip"});
    if (!request.content_type.empty()) ours.push_back({"Content-Type", request.content_type});
    if (auto checked = check_headers(ours); !checked) co_return std::move(checked).error();
    const std::string packed = request.gzip ? gzip(request.body) : std::string();
    Exchange exchange;
    exchange.body = request.gzip ? std::string_view(packed) : request.body;
    if (request.gzip) ours.push_back({"Content-Encoding", "gzip"});
    if (request.method != "GET" && request.method != "HEAD")
        ours.push_back({"Content-Length", std::to_string(exchange.body.size())});
    exchange.head = head_of(options_, request.method, request.headers, std::move(ours));
    exchange.answer.is_head_request = request.method == "HEAD";
    exchange.answer.body_limit = options_.limits.receive_bytes;
    exchange.silence = options_.limits.idle;
    auto response = co_await exchange_once_or_twice(exchange);
    if (!response) co_return response;
    if (auto decoded = decode(*response, options_.limits.receive_bytes); !decoded) {
        if (response->status < 300) co_return std::move(decoded).error();
        response->body.clear();
    }
    co_return response;
}

/// A server may end a connection at the moment in which it is used again (RFC 9112, 9.3.1): a new one decides.
async::Task<Result<HttpResponse>> HttpClient::exchange_once_or_twice(const Exchange& exchange) {
    const bool is_reused = stream_ != nullptr && is_quiet(*stream_);
    Progress progress;
    if (is_reused) {
        auto response = co_await exchange_on(std::move(stream_), exchange, progress);
        if (response || response.error().kind() != Kind::io || progress.has_begun) co_return response;
    }
    stream_.reset();
    auto opened = co_await open_stream(options_, async::SteadyClock::now() + options_.limits.handshake);
    if (!opened) co_return std::move(opened).error();
    auto stream = std::make_unique<Stream>(std::move(*opened));
    co_return co_await exchange_on(std::move(stream), exchange, progress);
}

/// Keeps the stream only once the exchange is over and it can serve another one.
async::Task<Result<HttpResponse>> HttpClient::exchange_on(std::unique_ptr<Stream> stream, const Exchange& exchange,
                                                          Progress& progress) {
    may_have_been_received_ = true;  // also where this is cancelled
    auto answered = co_await async::with_timeout(options_.limits.exchange, exchange_over(*stream, exchange, progress));
    may_have_been_received_ = progress.was_sent;
    if (!answered) co_return std::move(answered).error();
    if (answered->keep_alive) stream_ = std::move(stream);
    co_return std::move(answered->response);
}

async::Task<> HttpClient::close() {
    if (!stream_) co_return;
    const auto stream = std::move(stream_);
    co_await stream->end(options_.limits.close);
}

async::Task<Result<HttpResponse>> http_get(const ClientOptions& options, std::size_t most_of_body) {
    const auto until = async::SteadyClock::now() + options.limits.handshake;
    auto stream = co_await open_stream(options, until);
    if (!stream) co_return std::move(stream).error();
    std::vector<Header> ours;
    ours.push_back({"Connection", "close"});
    Exchange exchange;
    exchange.head = head_of(options, "GET", {}, std::move(ours));
    exchange.answer.body_limit = most_of_body;
    exchange.answer.is_cut_at_limit = true;
    Progress progress;
    auto answered = co_await async::with_timeout(left_until(until), exchange_over(*stream, exchange, progress));
    if (!answered) co_return std::move(answered).error();
    co_return std::move(answered->response);
}

async::Task<Result<HttpResponse>> http_post(const ClientOptions& options, const std::string& content_type,
                                            const std::string& body) {
    HttpClient client(options);
    HttpClient::Request request;
    request.headers.push_back({"Connection", "close"});
    request.content_type = content_type;
    request.body = body;
    co_return co_await async::with_timeout(options.limits.handshake, client.send(request));
}

}  // namespace net
