#include "supervisor/connection_settings.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "net/csr.hpp"

namespace supervisor {

using async::SteadyClock;
using async::Task;
using namespace async;  // the awaitable operators
using base::Error;
using base::Kind;
using base::Result;
using opamp::ConfigStatus;

namespace {

constexpr auto kNever = SteadyClock::time_point::max();
/// Certificates may outlast every clock; no daemon runs for as long as this.
constexpr std::chrono::seconds kLongestLook = std::chrono::hours(24 * 3650);

/// When two thirds of its life are over there is time left for a server that does not answer at once.
Result<SteadyClock::time_point> renewal_of(const std::string& certificate) {
    const auto from = net::not_before(certificate);
    if (!from) return from.error();
    const auto until = net::not_after(certificate);
    if (!until) return until.error();
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    const auto left = *from + (*until - *from) * 2 / 3 - now;
    return SteadyClock::now() + std::clamp(left, std::chrono::seconds(0), kLongestLook);
}

/// Whether nothing of the earlier offer counts after the later one.
bool covers(const opamp::ConnectionSettingsOffers& later, const opamp::ConnectionSettingsOffers& earlier) {
    return (later.opamp || !earlier.opamp) && (later.own_traces || !earlier.own_traces) &&
           (later.own_metrics || !earlier.own_metrics) && (later.own_logs || !earlier.own_logs);
}

}  // namespace

ConnectionSettings::ConnectionSettings(asio::any_io_executor executor, const Partners& partners,
                                       std::filesystem::path folder, Enabled enabled)
    : disk_(partners.disk),
      server_(partners.server),
      session_(partners.session),
      credentials_(credentials_options(partners.server)),
      log_(partners.log),
      folder_(std::move(folder)),
      enabled_(enabled),
      own_telemetry_(partners.own_telemetry),
      tracer_(partners.tracer),
      wake_(executor) {}

Result<net::ClientOptions> ConnectionSettings::open(std::vector<std::string>& notes) {
    if (!enabled_.connection && !enabled_.own_telemetry) return options_of(Using::file);
    auto loaded = load_connection(folder_);
    if (loaded.note) notes.push_back(*loaded.note);
    stored_ = std::move(loaded.stored);
    session_.set_connection_settings_status(stored_.status);
    // Only a change of the settings file or of this program can make what is kept unusable.
    const auto unusable = [&](const Error& why) {
        notes.push_back("the connection settings kept from the server cannot be used: " + why.text());
    };
    own_telemetry_.keep_announced(stored_.own_telemetry);
    if (stored_.own_telemetry_candidate) own_telemetry_.keep_announced(*stored_.own_telemetry_candidate);
    if (!enabled_.own_telemetry) {
        stored_.own_telemetry_candidate.reset();
    } else if (const auto resumed = own_telemetry_.resume(stored_.own_telemetry); !resumed) {
        notes.push_back("the destinations kept from the server cannot be used: " + resumed.error().text());
        stored_.own_telemetry = {};
    }
    if (!enabled_.connection) return options_of(Using::file);
    if (stored_.candidate) {
        auto options = options_of(Using::candidate);
        if (options) {
            using_ = Using::candidate;
            verify_until_ = SteadyClock::now() + server_.connection_settings.verify_timeout;
            return options;
        }
        unusable(options.error());
        stored_.candidate.reset();
        stored_.status.status = ConfigStatus::failed;
        stored_.status.error_message = options.error().text();
        session_.set_connection_settings_status(stored_.status);
        if (const auto saved = store_connection(folder_, stored_); !saved) notes.push_back(saved.error().text());
    }
    if (stored_.accepted) {
        auto options = options_of(Using::accepted);
        if (options) {
            using_ = Using::accepted;
            take_interval();
            return options;
        }
        unusable(options.error());
    }
    return options_of(Using::file);
}

const std::optional<opamp::OpampConnectionSettings>& ConnectionSettings::settings_of(Using which) const {
    static const std::optional<opamp::OpampConnectionSettings> kNone;
    switch (which) {
    case Using::file: return kNone;
    case Using::accepted: return stored_.accepted;
    case Using::candidate: return stored_.candidate;
    }
    return kNone;
}

Result<net::ClientOptions> ConnectionSettings::options_of(Using which) const {
    return client_options(server_, settings_of(which), environment_variable);
}

Task<> ConnectionSettings::run(Orders orders) {
    orders_ = std::move(orders);
    for (;;) {
        wake_.clear();
        const auto now = SteadyClock::now();
        if (using_ == Using::candidate && failure_) {
            co_await give_up_candidate(*failure_);
        } else if (using_ == Using::candidate && now >= verify_until_) {
            co_await give_up_candidate(Error(Kind::timeout, "no connection within the time limit"));
        } else if (is_failing_for_long_) {
            go_on_with_others();
        } else if (wants_certificate_ || now >= renew_at_) {
            co_await ask_for_certificate();
        } else if (stored_.own_telemetry_candidate) {
            co_await go_on_with_own_telemetry();
        } else if (!waiting_.empty() && using_ != Using::candidate) {
            auto offers = std::move(waiting_.front());
            waiting_.erase(waiting_.begin());
            co_await consider(std::move(offers));
        } else {
            co_await (wake_.raised() || sleep_until(next_deadline()));
            const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
            if (is_ended) co_return;
        }
    }
}

SteadyClock::time_point ConnectionSettings::next_deadline() const {
    return std::min(using_ == Using::candidate ? verify_until_ : kNever, renew_at_);
}

void ConnectionSettings::take(opamp::ConnectionSettingsOffers offers) {
    own_telemetry_.expect(offers);
    std::erase_if(waiting_, [&](const auto& earlier) { return covers(offers, earlier); });
    waiting_.push_back(std::move(offers));
    wake_.raise();
}

void ConnectionSettings::identity_changed() {
    wants_certificate_ = server_.tls.certificate_request && enabled_.connection;
    wake_.raise();
}

// ---- An offer.

Task<> ConnectionSettings::consider(opamp::ConnectionSettingsOffers offers) {
    const bool is_known = stored_.status.status != ConfigStatus::unset && stored_.status.hash == offers.hash;
    if (is_known && !offers.hash.empty()) co_return own_telemetry_.forget_expected();
    stored_.status.hash = offers.hash;
    log_.info("connection_settings.received", {{"hash", base::short_hex(offers.hash)}});
    span_ = tracer_.start("connection_settings", {}, {telemetry::SpanKind::consumer});
    span_.set("opamp.connection_settings.hash", base::to_hex(offers.hash));
    if (has_own_telemetry(offers)) {
        const bool is_accepted = co_await consider_own_telemetry(offers);
        if (!is_accepted) co_return;
    }
    if (!offers.opamp) co_return co_await settle(ConfigStatus::applied, "");
    co_await consider_connection(*offers.opamp);
}

/// Whether there is more to do; a failure is reported.
Task<bool> ConnectionSettings::consider_own_telemetry(const opamp::ConnectionSettingsOffers& offers) {
    // A daemon that dies while the agent is tried with it goes on with it at its next start.
    OwnTelemetryOffers all{offers.own_traces, offers.own_metrics, offers.own_logs};
    stored_.own_telemetry_candidate = std::move(all);
    const bool is_kept = co_await settle_durably(ConfigStatus::applying);
    if (!is_kept) {
        stored_.own_telemetry_candidate.reset();
        own_telemetry_.forget_expected();
        co_await settle(ConfigStatus::failed, "the settings cannot be stored, so a restart would lose them");
        co_return false;
    }
    auto accepted = co_await own_telemetry_.consider(offers, stored_.own_telemetry);
    const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
    if (is_ended) co_return false;
    stored_.own_telemetry_candidate.reset();
    if (accepted) {
        stored_.own_telemetry = std::move(*accepted);
        co_return true;
    }
    co_await settle(ConfigStatus::failed, accepted.error().text());
    co_return false;
}

/// With what was under way when the daemon ended.
Task<> ConnectionSettings::go_on_with_own_telemetry() {
    opamp::ConnectionSettingsOffers offers;
    const OwnTelemetryOffers& candidate = *stored_.own_telemetry_candidate;
    offers.own_traces = candidate.traces;
    offers.own_metrics = candidate.metrics;
    offers.own_logs = candidate.logs;
    const bool is_accepted = co_await consider_own_telemetry(offers);
    if (is_accepted) co_await settle(ConfigStatus::applied, "");
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
    verify_until_ = kNever;
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

void ConnectionSettings::use(Using which) {
    using_ = which;
    failure_.reset();
    is_failing_for_long_ = false;
    verify_until_ =
        which == Using::candidate ? SteadyClock::now() + server_.connection_settings.verify_timeout : kNever;
    auto options = options_of(which);
    if (!options) {
        log_.error("connection_settings.unusable", {{"error", options.error().text()}});
        return;
    }
    if (which != Using::candidate) take_interval();
    orders_.change(std::move(*options));
}

/// Of the settings in use. A candidate's counts once it is accepted.
void ConnectionSettings::take_interval() {
    const auto& settings = settings_of(using_);
    if (settings)
        session_.set_heartbeat_interval(opamp::heartbeat_interval(*settings));
    else
        session_.reset_heartbeat_interval();
}

// ---- What the connection says.

Task<> ConnectionSettings::established() {
    is_failing_for_long_ = false;
    if (using_ == Using::candidate) {
        co_await accept();
    } else if (using_ == Using::file && given_up_) {
        stored_.accepted.reset();
        const std::string reason = "the settings stopped working, and those of the settings file are used again: ";
        const std::string why = std::exchange(given_up_, std::nullopt)->text();
        log_.warning("connection_settings.given_up", {{"error", why}});
        co_await settle(ConfigStatus::failed, reason + why);
    } else if (using_ == Using::accepted) {
        given_up_.reset();
    }
    const auto& certificate = stored_.accepted ? stored_.accepted->certificate : std::nullopt;
    if (!enabled_.connection || !server_.tls.certificate_request) co_return;
    const auto due = certificate ? renewal_of(certificate->cert) : Result<SteadyClock::time_point>(SteadyClock::now());
    renew_at_ = due ? *due : SteadyClock::now();
    wake_.raise();
}

void ConnectionSettings::failed(const Error& why, base::Duration how_long) {
    if (using_ == Using::candidate) {
        failure_ = why;
    } else if (stored_.accepted && how_long >= server_.connection_settings.fallback_after) {
        if (using_ == Using::accepted) given_up_ = why;
        is_failing_for_long_ = true;
    } else {
        return;
    }
    wake_.raise();
}

/// From the accepted settings to the file's; where those do not work either, back again.
void ConnectionSettings::go_on_with_others() {
    const bool to_file = using_ == Using::accepted;
    log_.warning("connection_settings.left", {{"for", to_file ? "those of the settings file" : "the accepted ones"}});
    use(to_file ? Using::file : Using::accepted);
}

// ---- What is kept and reported.

Task<> ConnectionSettings::settle(ConfigStatus status, std::string error) {
    if (status == ConfigStatus::failed) log_.warning("connection_settings.refused", {{"error", error}});
    if (status == ConfigStatus::failed)
        span_.fail(error);
    else
        span_.succeed();
    span_.end();
    stored_.status.status = status;
    stored_.status.error_message = std::move(error);
    (void)co_await save();
    session_.set_connection_settings_status(stored_.status);
    if (orders_.wake) orders_.wake();
}

Task<bool> ConnectionSettings::settle_durably(ConfigStatus status) {
    stored_.status.status = status;
    stored_.status.error_message.clear();
    const bool is_saved = co_await save();
    if (is_saved) session_.set_connection_settings_status(stored_.status);
    if (is_saved) orders_.wake();
    co_return is_saved;
}

Task<bool> ConnectionSettings::save() {
    const StoredConnection now = stored_;
    const auto saved = co_await disk_.run([this, &now] { return store_connection(folder_, now); });
    if (!saved) log_.error("connection_settings.store_failed", {{"error", saved.error().text()}});
    co_return bool(saved);
}

/// Spec: "Agent-initiated CSR Flow". The session holds the request until the server is known to take such requests.
Task<> ConnectionSettings::ask_for_certificate() {
    wants_certificate_ = false;
    renew_at_ = kNever;
    if (stored_.request_key.empty()) {
        auto key = co_await disk_.run([] { return net::make_key(); });
        if (!key) co_return log_.error("certificate_request.failed", {{"error", key.error().text()}});
        stored_.request_key = std::move(*key);
        const bool is_saved = co_await save();
        if (!is_saved) co_return;
    }
    auto request = net::make_csr(stored_.request_key, session_.instance_uid().text());
    if (!request) co_return log_.error("certificate_request.failed", {{"error", request.error().text()}});
    log_.info("certificate_request.made");
    session_.request_certificate(std::move(*request));
    orders_.wake();
}

}  // namespace supervisor
