#include "supervisor/connection.hpp"

#include "base/uuid.hpp"

namespace supervisor {

using async::SteadyClock;
using async::Task;
using namespace async;  // the awaitable operators
using base::Result;

Connection::Connection(asio::any_io_executor executor, Options options, const Partners& partners, base::log::Scope log)
    : options_(std::move(options)),
      credentials_(partners.credentials),
      observer_(partners.observer),
      talk_(executor, partners.session, partners.orders, partners.readers, partners.telemetry, std::move(log)) {}

void Connection::say_goodbye() {
    leaving_for_good_ = true;
    talk_.leave.raise();
}

void Connection::change(net::ClientOptions client) {
    next_client_ = std::move(client);
    talk_.leave.raise();
}

Task<> Connection::run() {
    while (!leaving_for_good_) {
        if (next_client_) {
            options_.target.client = std::move(*std::exchange(next_client_, std::nullopt));
            http_.reset();
            failures_ = 0;
            failing_since_.reset();
            last_failure_.clear();
        }
        if (!leaving_for_good_) talk_.leave.clear();
        talk_.is_answered = talk_.is_throttled = has_begun_ = retries_at_once_ = false;
        talk_.retry_after.reset();
        const auto begin = SteadyClock::now();
        begin_span();
        const auto end = co_await attempt();
        note_end(end, begin);
        if (!leaving_for_good_ && !next_client_) co_await wait_before_next();
    }
}

void Connection::begin_span() {
    const net::Url& url = options_.target.client.url;
    span_ = talk_.telemetry.tracer().start("server.connect", {}, {telemetry::SpanKind::client});
    span_.set("server.address", url.host);
    span_.set("server.port", url.port);
    span_.set("url.scheme", url.scheme);
    span_.set("opampd.attempt", failures_ + 1);
}

void Connection::end_span(const base::Error* why) {
    talk_.telemetry.metrics().connection_attempted(why == nullptr);
    if (why)
        span_.fail(why->text());
    else
        span_.succeed();
    span_.end();
}

Task<Result<void>> Connection::attempt() {
    return options_.target.client.url.is_websocket() ? attempt_websocket() : attempt_http();
}

Task<Result<void>> Connection::attempt_websocket() {
    auto client = options_.target.client;
    auto authorized = co_await (authorize(credentials_, client.headers) || talk_.leave.raised());
    if (authorized.index() != 0) co_return Result<void>();
    if (!std::get<0>(authorized)) co_return std::get<0>(std::move(authorized)).error();

    net::Refusal refusal;
    auto connected = co_await (net::connect_websocket(client, refusal) || talk_.leave.raised());
    if (connected.index() != 0) co_return Result<void>();
    auto socket = std::get<0>(std::move(connected));
    if (!socket) {
        if (refusal.http_status == 429 || refusal.http_status == 503) talk_.throttle(refusal.retry_after);
        retries_at_once_ = refusal.http_status == 401 && credentials_.refused();
        co_return std::move(socket).error();
    }
    if (next_client_) co_return Result<void>();  // the order to go elsewhere came with the answer
    talk_.session.connected(opamp::Transport::websocket);
    co_await established();
    co_return co_await talk_over(talk_, **socket);
}

Task<Result<void>> Connection::attempt_http() {
    if (!http_) http_.emplace(options_.target, talk_, credentials_, static_cast<ConnectionObserver&>(*this));
    auto end = co_await http_->run();
    retries_at_once_ = http_->is_unauthorized() && credentials_.refused();
    co_return end;
}

Task<> Connection::established() {
    has_begun_ = true;
    connected_unix_nano_ = base::unix_nano_now();
    trouble_.clear();
    end_span(nullptr);
    talk_.telemetry.metrics().connection(true);
    credentials_.accepted();
    talk_.log.info("server.connected", {{"endpoint", options_.target.client.url.authority()}});
    // What a server does that is being left says nothing of the one to go to.
    if (!next_client_) co_await observer_.established();
}

void Connection::note_end(const Result<void>& end, SteadyClock::time_point begin) {
    const base::log::Field endpoint("endpoint", options_.target.client.url.authority());
    connected_unix_nano_ = 0;
    talk_.telemetry.metrics().connection(false);
    trouble_ = end ? "" : end.error().text();
    if (has_begun_) {
        failing_since_.reset();
        last_failure_.clear();
        // One that answers and closes, again and again, has not worked: to come back at once each time would hammer it.
        if (talk_.is_answered && SteadyClock::now() - begin >= options_.reconnect.initial_interval) failures_ = 0;
        if (end)
            talk_.log.info("server.left", {endpoint});
        else
            talk_.log.warning("server.disconnected", {endpoint, {"error", end.error().text()}});
    } else if (!end) {
        end_span(&end.error());
        note_failure(end.error());
    }
    span_.discard();
}

/// The first failure of a kind is news; the same again and again for days is not.
void Connection::note_failure(const base::Error& why) {
    const std::string words = why.text();
    const base::log::Fields fields{
        {"endpoint", options_.target.client.url.authority()}, {"error", words}, {"failures", failures_ + 1}};
    if (words != last_failure_)
        talk_.log.warning("server.connect_failed", fields);
    else
        talk_.log.debug("server.connect_failed", fields);
    last_failure_ = words;
    if (!failing_since_) failing_since_ = SteadyClock::now();
    if (!next_client_) observer_.failed(why, SteadyClock::now() - *failing_since_);
}

Task<> Connection::wait_before_next() {
    // A connection that worked is restored at once; one that never did is tried less and less often.
    const bool at_once = retries_at_once_ || (failures_ == 0 && !talk_.is_throttled && last_failure_.empty());
    const net::Setback setback{failures_, talk_.is_throttled, talk_.retry_after};
    const auto pause = net::next_pause(setback, options_.reconnect, base::random_u64());
    ++failures_;
    if (at_once) co_return;
    talk_.log.debug("server.retry_planned", {{"in", pause}});
    // Left for another server, or for good; what the last conversation was left for is over.
    if (!leaving_for_good_ && !next_client_) talk_.leave.clear();
    co_await (sleep_for(pause) || talk_.leave.raised());
}

}  // namespace supervisor
