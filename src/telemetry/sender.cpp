#include "telemetry/sender.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/units.hpp"
#include "base/uuid.hpp"
#include "net/reconnect.hpp"
#include "telemetry/otlp.hpp"

namespace telemetry {

using namespace std::chrono_literals;
using async::SteadyClock;
using async::Task;
using namespace async;  // the awaitable operators

namespace {

const net::ReconnectPolicy kPauses{1s, 30s, 5s};
constexpr std::uint64_t kLargestAnswer = 256 << 10;
constexpr std::size_t kLongestTrouble = 1000;

/// Spec: OTLP, "Retryable Response Codes".
bool may_be_repeated(unsigned status) {
    return status == 429 || status == 502 || status == 503 || status == 504;
}

}  // namespace

Sender::Sender(asio::any_io_executor executor, Signal signal, const base::log::Scope& log)
    : signal_(signal), log_(log), changed_(std::move(executor)) {}

Sender::~Sender() = default;

void Sender::set_destination(std::optional<Destination> destination) {
    if (destination) destination->client.limits.receive_bytes = kLargestAnswer;
    if (destination == wanted_) return;
    wanted_ = std::move(destination);
    if (wanted_) target_ = wanted_;
    changed_.raise();
}

void Sender::lose_patience() {
    has_patience_ = false;
    changed_.raise();
}

Task<> Sender::use_target() {
    if (!target_ || (current_ == target_ && client_)) co_return;
    if (client_) {
        co_await client_->close();
        client_.reset();
    }
    current_ = target_;
    client_ = std::make_unique<net::HttpClient>(current_->client);
}

Task<> Sender::deliver(Request request) {
    net::Setback setback;
    for (;; ++setback.failures) {
        changed_.clear();
        const bool is_last = !is_patient();
        co_await use_target();
        Outcome outcome = Outcome::refused;
        if (client_) outcome = co_await attempt(request, setback);
        if (outcome == Outcome::done) co_return;
        if (outcome == Outcome::refused) {
            counts_.rejected += request.records;
            co_return;
        }
        const auto next = SteadyClock::now() + net::next_pause(setback, kPauses, base::random_u64());
        const bool is_over = is_last || next > request.give_up_at;
        if (!is_over) co_await (changed_.raised() || sleep_until(next));
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended || is_over) {
            counts_.given_up += request.records;
            co_return;
        }
    }
}

Task<Sender::Outcome> Sender::attempt(const Request& request, net::Setback& setback) {
    net::HttpClient::Request post;
    post.body = request.body;
    post.content_type = "application/x-protobuf";
    post.gzip = current_->compresses;
    auto answer = co_await with_timeout(current_->timeout, client_->send(post));
    if (!answer) {
        const auto kind = answer.error().kind();
        const bool is_for_good = kind == base::Kind::too_large;
        co_return note_failure(answer.error().text(), is_for_good ? Outcome::refused : Outcome::again);
    }
    setback.is_throttled = answer->status == 429 || answer->status == 503;
    setback.retry_after = net::parse_retry_after(answer->header("Retry-After"), std::chrono::system_clock::now());
    co_return note_answer(*answer, request);
}

Sender::Outcome Sender::note_answer(const net::HttpResponse& response, const Request& request) {
    if (response.status < 200 || response.status > 299) {
        std::string why = "the receiver answered " + std::to_string(response.status);
        if (const std::string said = parse_error(response.body); !said.empty()) why += ": " + said;
        return note_failure(why, may_be_repeated(response.status) ? Outcome::again : Outcome::refused);
    }
    note_success();
    const auto partial = parse_response(response.body);
    const std::uint64_t rejected = partial ? std::min<std::uint64_t>(partial->rejected, request.records) : 0;
    counts_.exported += request.records - rejected;
    counts_.rejected += rejected;
    note_partial_success(partial ? std::optional(partial->error_message) : std::nullopt, rejected);
    return Outcome::done;
}

/// Of a receiver that rejects some of every request the second word would be one more record to reject, and so on.
void Sender::note_partial_success(const std::optional<std::string>& detail, std::uint64_t rejected) {
    const bool was_partial = std::exchange(is_partial_, detail.has_value());
    if (detail) note_trouble("the receiver has rejected " + std::to_string(rejected) + ": " + *detail);
    if (detail && !was_partial)
        log_.warning("telemetry.rejected",
                     {{"signal", to_string(signal_)}, {"records", rejected}, {"detail", *detail}});
}

void Sender::note_success() {
    if (!std::exchange(trouble_.lasts, false)) return;
    log_.info("telemetry.export_resumed",
              {{"signal", to_string(signal_)}, {"endpoint", current_->client.url.authority()}});
}

void Sender::note_trouble(const std::string& what) {
    trouble_.what = base::shortened(what, kLongestTrouble);
    trouble_.unix_nano = base::unix_nano_now();
}

/// In the log only changes are news.
Sender::Outcome Sender::note_failure(const std::string& why, Outcome outcome) {
    note_trouble(why);
    if (!std::exchange(trouble_.lasts, true))
        log_.warning("telemetry.export_failed", {{"signal", to_string(signal_)},
                                                 {"endpoint", current_->client.url.authority()},
                                                 {"error", why},
                                                 {"repeated", outcome == Outcome::again}});
    return outcome;
}

Task<> Sender::close() {
    if (wanted_) co_return;
    target_.reset();
    current_.reset();
    trouble_.lasts = is_partial_ = false;
    const auto client = std::exchange(client_, nullptr);
    if (client) co_await client->close();
}

}  // namespace telemetry
