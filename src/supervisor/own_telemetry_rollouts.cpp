#include "supervisor/own_telemetry_rollouts.hpp"

#include <utility>

namespace supervisor {

using lifecycle::OfferId;

std::shared_ptr<OwnTelemetryRollouts::Fate> OwnTelemetryRollouts::add(config::OwnTelemetry own_telemetry) {
    settle(waiting_, base::Error(base::Kind::cancelled, "a newer offer has taken its place"));
    auto fate = std::make_shared<Fate>(executor_);
    waiting_ = Rollout{++newest_, std::move(own_telemetry), fate};
    return fate;
}

OfferId OwnTelemetryRollouts::begin() {
    settle(tried_, base::Error(base::Kind::cancelled, "another offer has taken its place"));
    tried_ = std::exchange(waiting_, std::nullopt);
    return tried_->offer;
}

void OwnTelemetryRollouts::settle(OfferId offer, base::Result<void> result) {
    if (tried_ && tried_->offer == offer) settle(tried_, std::move(result));
}

void OwnTelemetryRollouts::settle(std::optional<Rollout>& rollout, base::Result<void> result) {
    if (!rollout) return;
    rollout->fate->result = std::move(result);
    rollout->fate->settled.raise();
    rollout.reset();
}

}  // namespace supervisor
