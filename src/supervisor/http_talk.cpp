#include "supervisor/http_talk.hpp"

#include "base/units.hpp"

namespace supervisor {

using async::SteadyClock;
using async::Task;
using namespace async;  // the awaitable operators
using base::Error;
using base::Kind;
using base::Result;

namespace {

constexpr std::string_view kProtobuf = "application/x-protobuf";

telemetry::Carrier carrier_of(const net::HttpResponse& response) {
    return {std::string(response.header("traceparent")), std::string(response.header("tracestate")),
            std::string(response.header("baggage"))};
}

/// Spec: W3C Trace Context, W3C Baggage.
void add(std::vector<net::Header>& headers, telemetry::Carrier carrier) {
    if (!carrier.traceparent.empty()) headers.push_back({"traceparent", std::move(carrier.traceparent)});
    if (!carrier.tracestate.empty()) headers.push_back({"tracestate", std::move(carrier.tracestate)});
    if (!carrier.baggage.empty()) headers.push_back({"baggage", std::move(carrier.baggage)});
}

}  // namespace

HttpTalk::HttpTalk(Options options, Talk& talk, Credentials& credentials, ConnectionObserver& observer)
    : talk_(talk),
      credentials_(credentials),
      observer_(observer),
      compresses_(options.compresses),
      has_authorization_(!net::find_header(options.client.headers, "Authorization").empty()),
      send_bytes_(options.client.limits.send_bytes),
      client_(std::move(options.client)) {
    talk_.session.connected(opamp::Transport::http);
}

Task<Result<void>> HttpTalk::run() {
    is_unauthorized_ = is_established_ = false;
    for (;;) {
        talk_.news.clear();
        co_await talk_.read_ahead();
        if (talk_.leave.is_raised()) {
            auto goodbye = talk_.session.goodbye(SteadyClock::now());
            (void)co_await deliver(std::move(goodbye), Copy::first);
            co_await client_.close();
            co_return Result<void>();
        }
        const Copy copy = unanswered_ ? Copy::repeated : Copy::first;
        auto message =
            unanswered_ ? std::exchange(unanswered_, std::nullopt) : talk_.session.next_message(SteadyClock::now());
        if (message) {
            auto delivered = co_await deliver(std::move(*message), copy);
            if (!delivered) co_return delivered;
            continue;
        }
        const auto due = talk_.session.next_due().value_or(SteadyClock::time_point::max());
        co_await (talk_.news.raised() || talk_.leave.raised() || sleep_until(due));
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return Error(Kind::cancelled, "cancelled");
    }
}

/// An Error is one to back off from; what is not to be sent again is no such one.
Task<Result<void>> HttpTalk::deliver(std::string message, Copy copy) {
    if (message.size() > send_bytes_) {
        talk_.discard(message.size(),
                      Error(Kind::too_large, "a message of " + base::format_size(message.size()) + ", and " +
                                                 base::format_size(send_bytes_) + " is the limit"));
        co_return Result<void>();
    }
    std::vector<net::Header> headers;
    if (!has_authorization_) {
        auto authorized = co_await authorize(credentials_, headers);
        if (!authorized) {
            keep(std::move(message), copy);
            co_return authorized;
        }
    }
    auto response = co_await post(message, std::move(headers));
    if (!response) {
        // An answer over the limit, or no HTTP, is an answer: the server has the message.
        const auto kind = response.error().kind();
        const bool is_answered = kind == Kind::too_large || kind == Kind::invalid;
        if (is_answered && client_.may_have_been_received())
            talk_.refuse(0, response.error());
        else
            keep(std::move(message), client_.may_have_been_received() ? Copy::repeated : copy);
        co_return std::move(response).error();
    }
    if (response->status == 200) {
        co_await take(*response);
        if (talk_.is_throttled) co_return Error(Kind::refused, "the server is unavailable");
        co_return Result<void>();
    }
    co_return refused(*response, std::move(message), copy);
}

/// For another attempt.
void HttpTalk::keep(std::string message, Copy next) {
    if (next == Copy::repeated)
        unanswered_ = std::move(message);
    else
        talk_.session.take_back();
}

Task<Result<net::HttpResponse>> HttpTalk::post(const std::string& message, std::vector<net::Header> headers) {
    net::HttpClient::Request request;
    request.content_type = kProtobuf;
    request.body = message;
    request.gzip = compresses_;
    request.headers = std::move(headers);
    request.headers.push_back({"OpAMP-Instance-UID", talk_.session.instance_uid().text()});
    add(request.headers, talk_.telemetry.traces().carrier());
    auto end = co_await (client_.send(request) || patience_is_over(talk_.leave));
    if (end.index() != 0) co_return std::get<1>(std::move(end));
    auto response = std::get<0>(std::move(end));
    if (response) talk_.note_sent(message.size());
    co_return response;
}

Task<> HttpTalk::take(const net::HttpResponse& response) {
    credentials_.accepted();
    talk_.receive(response.body, carrier_of(response));
    if (talk_.is_answered && !std::exchange(is_established_, true)) co_await observer_.established();
}

Result<void> HttpTalk::refused(const net::HttpResponse& response, std::string message, Copy copy) {
    const Error error(Kind::refused, "HTTP " + std::to_string(response.status));
    if (response.status == 413) {  // Spec: "Plain HTTP Message Size Limits": not sent again as it was.
        talk_.discard(message.size(), error);
        return {};
    }
    if (response.status == 400) {  // Spec: "Bad Request"
        talk_.log.error("message.discarded", {{"bytes", message.size()}, {"error", error.text()}});
        return {};
    }
    keep(std::move(message), copy);
    if (response.status == 429 || response.status == 503)
        talk_.throttle(net::parse_retry_after(response.header("Retry-After"), std::chrono::system_clock::now()));
    is_unauthorized_ = response.status == 401;
    return error;
}

}  // namespace supervisor
