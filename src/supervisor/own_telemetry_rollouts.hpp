// Offers of own telemetry between the server's word and their fate.
#pragma once

#include <memory>
#include <optional>

#include "async/notice.hpp"
#include "base/result.hpp"
#include "config/own_telemetry.hpp"
#include "lifecycle/decide.hpp"

namespace supervisor {

/// Beside those of a config, and numbered apart from them. One is tried at a time, and the newest waits; each is
/// settled once, but for what opampd does not live to see: the next start goes on with that, so it has not failed.
class OwnTelemetryRollouts {
public:
    /// What became of one; `result` counts once `settled` is raised.
    struct Fate {
        explicit Fate(async::asio::any_io_executor executor) : settled(std::move(executor)) {}
        async::Notice settled;
        base::Result<void> result;
    };
    explicit OwnTelemetryRollouts(async::asio::any_io_executor executor) : executor_(std::move(executor)) {}

    /// Settles the one that has waited.
    std::shared_ptr<Fate> add(config::OwnTelemetry own_telemetry);

    bool is_waiting() const { return waiting_.has_value(); }
    /// The one that waits is tried from now on.
    lifecycle::OfferId begin();
    /// Whether `offer` is of this kind.
    static bool has(lifecycle::OfferId offer) { return (offer & kOurs) != 0; }
    /// What is tried. Only after `begin`.
    const config::OwnTelemetry& tried() const { return tried_->own_telemetry; }

    /// A verdict that comes after the first one of an offer is no news.
    void settle(lifecycle::OfferId offer, base::Result<void> result);

private:
    static constexpr lifecycle::OfferId kOurs = lifecycle::OfferId{1} << 63;
    struct Rollout {
        lifecycle::OfferId offer;
        config::OwnTelemetry own_telemetry;
        std::shared_ptr<Fate> fate;
    };
    static void settle(std::optional<Rollout>& rollout, base::Result<void> result);

    async::asio::any_io_executor executor_;
    lifecycle::OfferId newest_ = kOurs;
    std::optional<Rollout> waiting_;
    std::optional<Rollout> tried_;
};

}  // namespace supervisor
