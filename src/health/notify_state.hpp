// What a process has told of itself by sd_notify so far. Pure: the time is given.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/units.hpp"
#include "health/notification.hpp"

namespace health {

class NotifyState {
public:
    using TimePoint = std::chrono::steady_clock::time_point;

    /// 0: the process need not say that it is alive.
    explicit NotifyState(base::Duration watchdog_timeout = {}) : watchdog_timeout_(watchdog_timeout) {}

    /// Another process, which has told nothing.
    void begin();
    void take(const Notification& told, TimePoint now);

    /// Why it is not well; empty: it is ready, not about to stop, and has said in time that it is alive.
    std::string trouble(TimePoint now) const;
    /// What it says of itself, or what it does: "reloading", "stopping"; empty: nothing.
    std::string status() const;
    /// When `trouble` changes if nothing is told; far away if it does not.
    TimePoint next(TimePoint now) const;

    /// It is told to reload: from now on RELOADING=1 and then READY=1 say that it has. A reload that began before, as
    /// it says, is another one. `monotonic_usec` is the time of CLOCK_MONOTONIC.
    void expect_reload(std::uint64_t monotonic_usec);
    bool has_reloaded() const { return reload_ == Reload::done; }

private:
    enum class Reload { none, expected, begun, done };

    const base::Duration watchdog_timeout_;
    bool is_ready_ = false;
    bool is_reloading_ = false;
    bool is_stopping_ = false;
    bool has_triggered_ = false;  ///< WATCHDOG=trigger, since it said last that it is alive.
    TimePoint alive_;
    std::string status_;
    Reload reload_ = Reload::none;
    std::uint64_t expected_since_usec_ = 0;
};

}  // namespace health
