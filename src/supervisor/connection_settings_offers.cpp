// An offer of connection settings, from its arrival until it is in force or refused.
#include <algorithm>

#include "base/bytes.hpp"
#include "net/csr.hpp"
#include "supervisor/connection_settings.hpp"

namespace supervisor {

using async::SteadyClock;
using async::Task;
using namespace async;  // the awaitable operators
using base::Error;
using base::Result;
using opamp::ConfigStatus;

namespace {

/// Whether nothing of the earlier offer counts after the later one.
bool covers(const opamp::ConnectionSettingsOffers& later, const opamp::ConnectionSettingsOffers& earlier) {
    return (later.opamp || !earlier.opamp) && (later.own_traces || !earlier.own_traces) &&
           (later.own_metrics || !earlier.own_metrics) && (later.own_logs || !earlier.own_logs);
}

}  // namespace

void ConnectionSettings::take(opamp::ConnectionSettingsOffers offers) {
    own_telemetry_.expect(own_telemetry_of(offers));
    std::erase_if(waiting_, [&](const auto& earlier) { return covers(offers, earlier); });
    waiting_.push_back(std::move(offers));
    newer_.raise();
    wake_.raise();
}

Task<> ConnectionSettings::consider(opamp::ConnectionSettingsOffers offers) {
    const bool is_known = stored_.status.status != ConfigStatus::unset && stored_.status.hash == offers.hash;
    if (is_known && !offers.hash.empty()) co_return own_telemetry_.forget_expected();
    stored_.status.hash = offers.hash;
    log_.info("connection_settings.received", {{"hash", base::short_hex(offers.hash)}});
    span_ = tracer_.start("connection_settings", {}, {telemetry::SpanKind::consumer});
    span_.set("opamp.connection_settings.hash", base::to_hex(offers.hash));
    if (const auto own = own_telemetry_of(offers); own != OwnTelemetryOffers{}) {
        const bool is_accepted = co_await consider_own_telemetry(own);
        if (!is_accepted) co_return;
    }
    if (!offers.opamp) co_return co_await settle(ConfigStatus::applied, "");
    co_await consider_connection(*offers.opamp);
}

/// Whether there is more to do; a failure is reported. With it goes what is still under way: a daemon that dies while
/// the agent is tried with it goes on with it at its next start, and so do we where a newer offer does not wait.
Task<bool> ConnectionSettings::consider_own_telemetry(OwnTelemetryOffers offers) {
    const OwnTelemetryOffers all = joined(stored_.own_telemetry_candidate.value_or(OwnTelemetryOffers{}), offers);
    stored_.own_telemetry_candidate = all;
    newer_.clear();
    const bool is_kept = co_await settle_durably(ConfigStatus::applying);
    if (!is_kept) {
        stored_.own_telemetry_candidate.reset();
        own_telemetry_.forget_expected();
        co_await settle(ConfigStatus::failed, "the settings cannot be stored, so a restart would lose them");
        co_return false;
    }
    // The agent may have been stopped by the operator, for as long as he likes.
    auto end = co_await (own_telemetry_.consider(all, stored_.own_telemetry) || newer_.raised());
    const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
    if (is_ended || end.index() != 0) co_return false;
    auto accepted = std::get<0>(std::move(end));
    stored_.own_telemetry_candidate.reset();
    if (accepted) {
        stored_.own_telemetry = std::move(*accepted);
        co_return true;
    }
    co_await settle(ConfigStatus::failed, accepted.error().text());
    co_return false;
}

Task<> ConnectionSettings::consider_connection(const opamp::OpampConnectionSettings& offer) {
    auto planned = plan(offer);
    if (!planned) co_return co_await settle(ConfigStatus::failed, planned.error().text());
    stored_.candidate = std::move(*planned);
    const auto options = options_of(Using::candidate);
    const auto present = options_of(using_);
    const bool is_kept = co_await settle_durably(ConfigStatus::applying);
    if (!is_kept) {
        stored_.candidate.reset();
        co_return co_await settle(ConfigStatus::failed, "the settings cannot be stored, so a restart would lose them");
    }
    if (present && *options == *present) co_return co_await accept();
    auto span = tracer_.start("connection_settings.prove", span_.context(), {telemetry::SpanKind::client});
    span.set("server.address", options->url.host);
    span.set("server.port", options->url.port);
    const auto proved = co_await prove(*options);
    if (!proved) span.fail(proved.error().text());
    span.end();
    if (!proved) {
        stored_.candidate.reset();
        co_return co_await settle(ConfigStatus::failed, proved.error().text());
    }
    use(Using::candidate);
}

/// The offer over what is in force, complete. Errors: invalid, in one sentence for the server's operator.
Result<opamp::OpampConnectionSettings> ConnectionSettings::plan(const opamp::OpampConnectionSettings& offer) const {
    auto planned = laid_over(stored_.accepted, offer);
    if (auto& certificate = planned.certificate; certificate && certificate->private_key.empty()) {
        // Issued from a request of ours: the key never left.
        const std::string known = stored_.accepted && stored_.accepted->certificate
                                      ? stored_.accepted->certificate->private_key
                                      : std::string();
        for (const std::string& key : {stored_.request_key, known})
            if (!key.empty() && net::check_pair(certificate->cert, key)) certificate->private_key = key;
    }
    auto options = client_options(server_, planned, environment_variable);
    if (!options) return std::move(options).error();
    if (auto checked = net::check_tls(options->tls); !checked) return std::move(checked).error();
    return planned;
}

/// A connection with everything but a word of OpAMP.
Task<Result<void>> ConnectionSettings::prove(const net::ClientOptions& options) {
    auto with_credentials = options;
    auto authorized = co_await authorize(credentials_, with_credentials.headers);
    if (!authorized) co_return authorized;
    net::Refusal refusal;
    co_return co_await with_timeout(server_.connection_settings.verify_timeout,
                                    net::try_connection(with_credentials, refusal));
}

Task<> ConnectionSettings::accept() {
    if (!stored_.candidate) co_return;
    stored_.accepted = std::move(stored_.candidate);
    stored_.candidate.reset();
    using_ = Using::accepted;
    given_up_.reset();
    verify_until_ = SteadyClock::time_point::max();
    if (const auto& certificate = stored_.accepted->certificate;
        certificate && certificate->private_key == stored_.request_key)
        stored_.request_key.clear();
    take_interval();
    log_.info("connection_settings.accepted", {{"hash", base::short_hex(stored_.status.hash)}});
    co_await settle(ConfigStatus::applied, "");
}

Task<> ConnectionSettings::give_up_candidate(const Error& why) {
    const std::string reason = why.text();
    failure_.reset();
    stored_.candidate.reset();
    using_ = stored_.accepted ? Using::accepted : Using::file;  // at once: it may still come to be while this is stored
    co_await settle(ConfigStatus::failed, reason);
    use(using_);
}

}  // namespace supervisor
