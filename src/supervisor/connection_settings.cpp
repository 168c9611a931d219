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
      newer_(executor),
      wake_(executor) {}

Result<net::ClientOptions> ConnectionSettings::open(std::vector<std::string>& notes) {
    auto loaded = load_connection(folder_);
    if (loaded.note) notes.push_back(*loaded.note);
    stored_ = std::move(loaded.stored);
    session_.set_connection_settings_status(stored_.status);
    // Only a change of the settings file or of this program can make what is kept unusable.
    const auto unusable = [&](const Error& why) {
        notes.push_back("the connection settings kept from the server cannot be used: " + why.text());
    };
    resume_own_telemetry(notes);
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

void ConnectionSettings::resume_own_telemetry(std::vector<std::string>& notes) {
    const OwnTelemetryOffers before = stored_.own_telemetry;
    own_telemetry_.keep_announced(stored_.own_telemetry);
    if (stored_.own_telemetry_candidate) own_telemetry_.keep_announced(*stored_.own_telemetry_candidate);
    if (const auto resumed = own_telemetry_.resume(stored_.own_telemetry); !resumed) {
        notes.push_back("the destinations kept from the server cannot be used: " + resumed.error().text());
        stored_.own_telemetry = {};
    }
    // The agent has those that do not count any more.
    if (stored_.own_telemetry != before && !stored_.own_telemetry_candidate) stored_.own_telemetry_candidate.emplace();
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
        } else if (!waiting_.empty() && using_ != Using::candidate) {
            auto offers = std::move(waiting_.front());
            waiting_.erase(waiting_.begin());
            co_await consider(std::move(offers));
        } else if (stored_.own_telemetry_candidate) {
            const bool is_accepted = co_await consider_own_telemetry({});  // what was under way
            if (is_accepted) co_await settle(ConfigStatus::applied, "");
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

void ConnectionSettings::identity_changed() {
    wants_certificate_ = server_.tls.certificate_request && enabled_.connection;
    wake_.raise();
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
    // One status is for all of an offer.
    if (status == ConfigStatus::applied && stored_.own_telemetry_candidate) status = ConfigStatus::applying;
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
