#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/units.hpp"
#include "net/client.hpp"
#include "net/errors.hpp"
#include "net/open.hpp"
#include "net/user_agent.hpp"

namespace net {
namespace {

namespace asio = async::asio;
namespace http = boost::beast::http;
using base::Error;
using base::Kind;
using base::Result;
using boost::system::error_code;
using Parser = http::response_parser<http::string_body>;

constexpr std::size_t kProbeBody = 64 << 10;
constexpr std::size_t kReadBytes = 16 << 10;

/// A request, and what is taken of its answer.
struct Exchange {
    std::string request;
    std::uint64_t body_limit;
    bool is_cut_at_limit;  ///< Rather than refused.
};

std::string text(boost::beast::string_view view) {
    return {view.data(), view.size()};
}

std::string request_text(const ClientOptions& options, std::string_view method, std::vector<Header> headers,
                         std::string_view body) {
    std::string request = std::string(method) + " " + options.url.target + " HTTP/1.1\r\n";
    const auto add = [&](std::string_view name, std::string_view value) {
        request.append(name).append(": ").append(value).append("\r\n");
    };
    headers.push_back({"Host", options.url.host_header()});
    headers.push_back({"User-Agent", std::string(kUserAgent)});
    for (const auto& [name, value] : headers)
        if (find_header(options.headers, name).empty()) add(name, value);
    for (const auto& [name, value] : options.headers) add(name, value);
    add("Connection", "close");
    return request.append("\r\n").append(body);
}

HttpResponse to_response(Parser& parser) {
    auto& parsed = parser.get();
    HttpResponse response;
    response.status = parsed.result_int();
    response.content_type = text(parsed[http::field::content_type]);
    for (const auto& field : parsed) response.headers.push_back({text(field.name_string()), text(field.value())});
    response.body = std::move(parsed.body());
    return response;
}

/// The answer, as it arrives in pieces.
class Answer {
public:
    explicit Answer(const Exchange& exchange) : exchange_(exchange) { expect(); }

    Result<void> add(std::string_view bytes) {
        pending_.append(bytes);
        while (!is_complete() && !pending_.empty()) {
            error_code code;
            const auto taken = parser_->put(asio::buffer(pending_), code);
            pending_.erase(0, taken);
            if (code == http::error::need_more) return {};
            if (code) return failure(code);
            if (parser_->is_done() && parser_->get().result_int() < 200) expect();  // an interim answer: RFC 9110, 15.2
        }
        return {};
    }

    Result<void> end() {
        error_code code;
        if (parser_->got_some()) parser_->put_eof(code);
        if (code || !parser_->is_done()) return network_error(asio::error::eof);
        return {};
    }

    bool is_complete() const { return parser_->is_done() || (exchange_.is_cut_at_limit && has_enough()); }

    HttpResponse take() {
        auto response = to_response(*parser_);
        if (exchange_.is_cut_at_limit && has_enough(response.body)) response.body.resize(exchange_.body_limit);
        return response;
    }

private:
    void expect() {
        parser_.emplace();
        parser_->eager(true);
        if (exchange_.is_cut_at_limit)
            parser_->body_limit(boost::none);
        else
            parser_->body_limit(exchange_.body_limit);
    }

    bool has_enough(const std::string& body) const { return body.size() >= exchange_.body_limit; }
    bool has_enough() const { return parser_->is_header_done() && has_enough(parser_->get().body()); }

    Error failure(const error_code& code) const {
        if (code == http::error::body_limit)
            return {Kind::too_large, "an answer of more than " + base::format_size(exchange_.body_limit)};
        return {Kind::invalid, "the peer's answer is not HTTP: " + code.message()};
    }

    const Exchange& exchange_;
    std::optional<Parser> parser_;
    std::string pending_;  // Read, and not yet taken by the parser.
};

async::Task<Result<HttpResponse>> exchange_over(Stream& stream, const Exchange& exchange) {
    // What cannot be written may still have been answered: a server can refuse a body before its end.
    co_await asio::async_write(stream, asio::buffer(exchange.request), async::as_result);
    Answer answer(exchange);
    std::string room(kReadBytes, '\0');
    while (!answer.is_complete()) {
        const auto [code, bytes] = co_await stream.async_read_some(asio::buffer(room), async::as_result);
        const bool has_ended = code == asio::error::eof || code == asio::ssl::error::stream_truncated;
        if (code && !has_ended) co_return network_error(code);
        auto taken = has_ended ? answer.end() : answer.add(std::string_view(room).substr(0, bytes));
        if (!taken) co_return std::move(taken).error();
    }
    co_return answer.take();
}

async::Task<Result<HttpResponse>> open_and_exchange(const ClientOptions& options, const Exchange& exchange) {
    const auto until = async::SteadyClock::now() + options.limits.handshake;
    auto stream = co_await open_stream(options, until);
    if (!stream) co_return std::move(stream).error();
    co_return co_await async::with_timeout(left_until(until), exchange_over(*stream, exchange));
}

}  // namespace

async::Task<Result<HttpResponse>> http_get(const ClientOptions& options) {
    const Exchange exchange{request_text(options, "GET", {}, ""), kProbeBody, true};
    co_return co_await open_and_exchange(options, exchange);
}

async::Task<Result<HttpResponse>> http_post(const ClientOptions& options, const std::string& content_type,
                                            const std::string& body) {
    std::vector<Header> headers;
    headers.push_back({"Content-Type", content_type});
    headers.push_back({"Content-Length", std::to_string(body.size())});
    if (auto checked = check_headers(headers); !checked) co_return std::move(checked).error();
    if (body.size() > options.limits.send_bytes)
        co_return Error(Kind::too_large, "a body of " + base::format_size(body.size()) + ", and " +
                                             base::format_size(options.limits.send_bytes) + " is the limit");
    const Exchange exchange{request_text(options, "POST", headers, body), options.limits.receive_bytes, false};
    co_return co_await open_and_exchange(options, exchange);
}

}  // namespace net
