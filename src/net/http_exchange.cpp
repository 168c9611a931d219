#include "net/http_exchange.hpp"

#include <boost/asio/ssl/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include "base/units.hpp"
#include "net/errors.hpp"

namespace net {
namespace {

namespace asio = async::asio;
namespace http = boost::beast::http;
using base::Error;
using base::Kind;
using base::Result;
using boost::system::error_code;
using Parser = http::response_parser<http::string_body>;

constexpr std::size_t kReadBytes = 16 << 10;
constexpr std::uint32_t kLongestHead = 16 << 10;

std::string text(boost::beast::string_view view) {
    return {view.data(), view.size()};
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
            if (code == http::error::body_limit) is_head_whole_ = true;
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

    /// Whether there is an answer without its body: it says no, and how it says so is not needed.
    bool is_failure_status() const {
        return (is_head_whole_ || parser_->is_header_done()) && parser_->get().result_int() >= 300;
    }

    Answered take() {
        const bool is_whole = parser_->is_done();
        const bool keep_alive = is_whole && parser_->keep_alive() && pending_.empty();
        auto response = to_response(*parser_);
        if (exchange_.is_cut_at_limit && has_enough(response.body)) response.body.resize(exchange_.body_limit);
        if (!is_whole && !exchange_.is_cut_at_limit) response.body.clear();
        return {std::move(response), keep_alive};
    }

private:
    void expect() {
        parser_.emplace();
        parser_->eager(true);
        parser_->header_limit(kLongestHead);
        parser_->skip(exchange_.is_head_request);
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
        if (code == http::error::header_limit)
            return {Kind::too_large, "an answer with headers of more than " + base::format_size(kLongestHead)};
        return {Kind::invalid, "the peer's answer is not HTTP: " + code.message()};
    }

    const Exchange& exchange_;
    std::optional<Parser> parser_;
    bool is_head_whole_ = false;  // Also where the parser has stopped at the length of the body.
    std::string pending_;         // Read, and not yet taken by the parser.
};

struct Transferred {
    error_code code;
    std::size_t bytes;
};

async::Task<Result<Transferred>> read_some(Stream& stream, std::string& room) {
    const auto [code, bytes] = co_await stream.async_read_some(asio::buffer(room), async::as_result);
    co_return Transferred{code, bytes};
}

async::Task<> write(Stream& stream, const Exchange& exchange, Progress& progress) {
    const bool was_sent_before = std::exchange(progress.was_sent, true);
    std::array<asio::const_buffer, 2> pieces{asio::buffer(exchange.head), asio::buffer(exchange.body)};
    const auto [code, bytes] = co_await asio::async_write(stream, pieces, async::as_result);
    progress.was_sent = was_sent_before || bytes > 0;
}

}  // namespace

async::Task<Result<Answered>> exchange_over(Stream& stream, const Exchange& exchange, Progress& progress) {
    // What cannot be written may still have been answered: a server can refuse a body before its end.
    co_await write(stream, exchange, progress);
    Answer answer(exchange);
    std::string room(kReadBytes, '\0');
    while (!answer.is_complete()) {
        const auto read = co_await async::with_timeout(exchange.silence, read_some(stream, room));
        if (!read) co_return read.error();
        progress.has_begun = progress.has_begun || read->bytes > 0;
        const bool has_ended = read->code == asio::error::eof || read->code == asio::ssl::error::stream_truncated;
        if (read->code && !has_ended) co_return network_error(read->code);
        auto taken = has_ended ? answer.end() : answer.add(std::string_view(room).substr(0, read->bytes));
        if (!taken && answer.is_failure_status()) break;
        if (!taken) co_return std::move(taken).error();
    }
    co_return answer.take();
}

}  // namespace net
