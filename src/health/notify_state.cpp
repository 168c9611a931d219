#include "health/notify_state.hpp"

namespace health {

void NotifyState::begin() {
    is_ready_ = is_reloading_ = is_stopping_ = has_triggered_ = false;
    status_.clear();
    reload_ = Reload::none;
}

void NotifyState::take(const Notification& told, TimePoint now) {
    if (told.status) status_ = *told.status;
    if (told.is_stopping) is_stopping_ = true;
    if (told.is_reloading) {
        is_reloading_ = true;
        const bool is_ours = !told.monotonic_usec || *told.monotonic_usec >= expected_since_usec_;
        if (reload_ == Reload::expected && is_ours) reload_ = Reload::begun;
    }
    if (told.is_ready) {
        if (!is_ready_) alive_ = now;
        is_ready_ = true;
        is_reloading_ = is_stopping_ = false;
        if (reload_ == Reload::begun) reload_ = Reload::done;
    }
    if (told.watchdog == Notification::Watchdog::alive) {
        alive_ = now;
        has_triggered_ = false;
    }
    if (told.watchdog == Notification::Watchdog::trigger) has_triggered_ = true;
}

std::string NotifyState::trouble(TimePoint now) const {
    if (is_stopping_) return "it has sent STOPPING=1";
    if (!is_ready_) return "it has not sent READY=1";
    if (has_triggered_) return "it has sent WATCHDOG=trigger";
    if (watchdog_timeout_ != base::Duration::zero() && now >= alive_ + watchdog_timeout_)
        return "it has not sent WATCHDOG=1 for " + base::format_duration(watchdog_timeout_);
    return "";
}

std::string NotifyState::status() const {
    if (!status_.empty()) return status_;
    return is_stopping_ ? "stopping" : is_reloading_ ? "reloading" : "";
}

NotifyState::TimePoint NotifyState::next(TimePoint now) const {
    const bool is_watched = is_ready_ && watchdog_timeout_ != base::Duration::zero();
    const TimePoint end = alive_ + watchdog_timeout_;
    return is_watched && now < end ? end : TimePoint::max();
}

void NotifyState::expect_reload(std::uint64_t monotonic_usec) {
    reload_ = Reload::expected;
    expected_since_usec_ = monotonic_usec;
}

}  // namespace health
