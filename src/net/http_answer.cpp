#include "net/http_answer.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/units.hpp"
#include "net/errors.hpp"
#include "net/gzip.hpp"

namespace net {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using base::Error;
using base::Kind;
using base::Result;
using boost::system::error_code;

/// A text that grows with what has really arrived: Beast's own makes room for whatever length the peer announces.
struct GrowingBody {
    using value_type = std::string;
    class reader {
    public:
        template <bool is_request, class Fields>
        reader(http::header<is_request, Fields>&, value_type& body) : body_(body) {}
        void init(const boost::optional<std::uint64_t>&, error_code& code) { code = {}; }
        template <class Buffers>
        std::size_t put(const Buffers& buffers, error_code& code) {
            const std::size_t before = body_.size();
            for (const asio::const_buffer part : boost::beast::buffers_range_ref(buffers))
                body_.append(static_cast<const char*>(part.data()), part.size());
            code = {};
            return body_.size() - before;
        }
        void finish(error_code& code) { code = {}; }

    private:
        value_type& body_;
    };
};
using Parser = http::response_parser<GrowingBody>;

constexpr std::uint32_t kLongestHead = 16 << 10;
constexpr std::size_t kShortestEnd = 5;  ///< Of a chunked body. With less of it the parser can fail an assertion.

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

}  // namespace

class HttpAnswer::State {
public:
    explicit State(const AnswerWanted& wanted) : wanted_(wanted) { expect(); }

    Result<void> add(std::string_view bytes) {
        pending_.append(bytes);
        while (!is_complete() && !pending_.empty()) {
            if (parser_->is_header_done() && parser_->chunked() && pending_.size() < kShortestEnd) return {};
            error_code code;
            const auto taken = parser_->put(asio::buffer(pending_), code);
            pending_.erase(0, taken);
            // The parser limits the head, but neither a chunk's extensions nor what comes behind the last chunk.
            if (code == http::error::need_more && pending_.size() > kLongestHead) code = http::error::header_limit;
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

    bool is_complete() const { return parser_->is_done() || (wanted_.is_cut_at_limit && has_enough()); }

    bool is_failure_status() const {
        return (is_head_whole_ || parser_->is_header_done()) && parser_->get().result_int() >= 300;
    }

    Answered take() {
        const bool is_whole = parser_->is_done();
        const bool keep_alive = is_whole && parser_->keep_alive() && pending_.empty();
        auto response = to_response(*parser_);
        if (wanted_.is_cut_at_limit && has_enough(response.body)) response.body.resize(wanted_.body_limit);
        if (!is_whole && !wanted_.is_cut_at_limit) response.body.clear();
        return {std::move(response), keep_alive};
    }

private:
    void expect() {
        parser_.emplace();
        parser_->eager(true);
        parser_->header_limit(kLongestHead);
        parser_->skip(wanted_.is_head_request);
        if (wanted_.is_cut_at_limit)
            parser_->body_limit(boost::none);
        else
            parser_->body_limit(wanted_.body_limit);
    }

    bool has_enough(const std::string& body) const { return body.size() >= wanted_.body_limit; }
    bool has_enough() const { return parser_->is_header_done() && has_enough(parser_->get().body()); }

    Error failure(const error_code& code) const {
        if (code == http::error::body_limit)
            return {Kind::too_large, "an answer of more than " + base::format_size(wanted_.body_limit)};
        if (code == http::error::header_limit)
            return {Kind::too_large, "an answer with headers of more than " + base::format_size(kLongestHead)};
        return {Kind::invalid, "the peer's answer is not HTTP: " + code.message()};
    }

    const AnswerWanted wanted_;
    std::optional<Parser> parser_;
    bool is_head_whole_ = false;  // Also where the parser has stopped at the length of the body.
    std::string pending_;         // Read, and not yet taken by the parser.
};

HttpAnswer::HttpAnswer(const AnswerWanted& wanted) : state_(std::make_unique<State>(wanted)) {}
HttpAnswer::~HttpAnswer() = default;

Result<void> HttpAnswer::add(std::string_view bytes) {
    return state_->add(bytes);
}
Result<void> HttpAnswer::end() {
    return state_->end();
}
bool HttpAnswer::is_complete() const {
    return state_->is_complete();
}
bool HttpAnswer::is_failure_status() const {
    return state_->is_failure_status();
}
Answered HttpAnswer::take() {
    return state_->take();
}

Result<void> decode(HttpResponse& response, std::uint64_t limit) {
    const std::string coding(response.header("Content-Encoding"));
    if (coding.empty() || is_same_token(coding, "identity") || response.body.empty()) return {};
    if (!is_same_token(coding, "gzip") && !is_same_token(coding, "x-gzip"))
        return Error(Kind::invalid, "an answer in the coding '" + coding + "', which was not asked for");
    auto body = gunzip(response.body, limit);
    if (!body) return std::move(body).error().within("the answer's body");
    response.body = std::move(*body);
    std::erase_if(response.headers, [](const Header& header) {
        return is_same_token(header.name, "Content-Encoding") || is_same_token(header.name, "Content-Length");
    });
    return {};
}

}  // namespace net
