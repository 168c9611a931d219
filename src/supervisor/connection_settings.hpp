// What is done with connection settings that the server offers: verified, kept, given up.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "async/blocking.hpp"
#include "async/notice.hpp"
#include "base/log.hpp"
#include "opamp/client_session.hpp"
#include "settings/settings.hpp"
#include "supervisor/connection_options.hpp"
#include "supervisor/credentials.hpp"
#include "supervisor/own_telemetry.hpp"
#include "supervisor/stored_connection.hpp"
#include "supervisor/talk.hpp"

namespace supervisor {

/// An offer is merged over what is in force and checked, then proved by a connection that says nothing of OpAMP while
/// the present one stands; only then that one is left, and the agent talks with the new settings. The first sign of
/// success is kept durably and reported APPLIED; a failure at any stage leads back to what was in force, and is
/// reported FAILED. The daemon may die in between: the next start tries the candidate once more.
///
/// Accepted settings that stop working for long give way to those of the settings file, if these work.
///
/// Spec    "OpAMP Connection Setting Offer Flow", "Agent-initiated CSR Flow".
class ConnectionSettings : public ConnectionObserver {
public:
    /// All outlive the object.
    struct Partners {
        async::BlockingPool& disk;
        const settings::Server& server;
        opamp::ClientSession& session;
        OwnTelemetry& own_telemetry;
        telemetry::Tracer& tracer;
        const base::log::Scope& log;
    };
    /// What the server may change: how it is connected to, and where own telemetry goes.
    struct Enabled {
        bool connection = false;
        bool own_telemetry = false;
    };
    ConnectionSettings(async::asio::any_io_executor executor, const Partners& partners, std::filesystem::path folder,
                       Enabled enabled);

    /// How to connect first. `notes`: what was wrong on disk. Errors: invalid (the settings file's own).
    base::Result<net::ClientOptions> open(std::vector<std::string>& notes);

    /// Where changes of the connection go to, and who is to be woken when there is something to report.
    struct Orders {
        std::function<void(net::ClientOptions)> change;
        std::function<void()> wake;
    };
    /// Works on offers until cancelled.
    async::Task<> run(Orders orders);

    /// Only the newest of several waits.
    void take(opamp::ConnectionSettingsOffers offers);
    /// A certificate that names the agent has to be asked for again. Spec: "Using instance_uid in the CSR".
    void identity_changed();

    async::Task<> established() override;
    void failed(const base::Error& why, base::Duration how_long) override;

private:
    enum class Using { file, accepted, candidate };

    async::Task<> consider(opamp::ConnectionSettingsOffers offers);
    async::Task<> consider_connection(const opamp::OpampConnectionSettings& offer);
    async::Task<bool> consider_own_telemetry(OwnTelemetryOffers offers);
    void resume_own_telemetry(std::vector<std::string>& notes);
    base::Result<opamp::OpampConnectionSettings> plan(const opamp::OpampConnectionSettings& offer) const;
    async::Task<base::Result<void>> prove(const net::ClientOptions& options);
    async::Task<> accept();
    async::Task<> give_up_candidate(const base::Error& why);
    void go_on_with_others();
    void use(Using which);
    void take_interval();
    base::Result<net::ClientOptions> options_of(Using which) const;
    const std::optional<opamp::OpampConnectionSettings>& settings_of(Using which) const;
    async::Task<> settle(opamp::ConfigStatus status, std::string error);
    async::Task<bool> settle_durably(opamp::ConfigStatus status);
    async::Task<bool> save();
    async::Task<> ask_for_certificate();
    async::SteadyClock::time_point next_deadline() const;

    async::BlockingPool& disk_;
    const settings::Server& server_;
    opamp::ClientSession& session_;
    Credentials credentials_;  ///< Of its own: a proof goes on beside the connection.
    const base::log::Scope& log_;
    const std::filesystem::path folder_;
    const Enabled enabled_;
    OwnTelemetry& own_telemetry_;
    telemetry::Tracer& tracer_;
    telemetry::Span span_;  ///< Of the offer, until its fate is known.
    Orders orders_;

    StoredConnection stored_;
    Using using_ = Using::file;
    /// In the order of their coming; none that a later one covers.
    std::vector<opamp::ConnectionSettingsOffers> waiting_;
    std::optional<base::Error> failure_;   ///< Of the candidate.
    std::optional<base::Error> given_up_;  ///< Why the accepted settings are not in use now.
    bool is_failing_for_long_ = false;
    bool wants_certificate_ = false;
    async::SteadyClock::time_point verify_until_ = async::SteadyClock::time_point::max();
    async::SteadyClock::time_point renew_at_ = async::SteadyClock::time_point::max();
    async::Notice newer_;  ///< An offer has come since the present one.
    async::Notice wake_;
};

}  // namespace supervisor
