// What a process tells by the sd_notify protocol: sd_notify(3). Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace health {

/// Longer messages are none, as for systemd.
inline constexpr std::size_t kMostNotification = 4096;

/// What else a message may say (MAINPID, FDSTORE, ERRNO, …) is passed over.
struct Notification {
    enum class Watchdog { silent, alive, trigger };

    bool is_ready = false;
    bool is_reloading = false;
    bool is_stopping = false;
    std::optional<std::uint64_t> monotonic_usec;  ///< When it began to reload.
    Watchdog watchdog = Watchdog::silent;
    std::optional<std::string> status;  ///< One line of valid UTF-8, at most 256 bytes.
};

/// Lines of NAME=VALUE. What is no message says nothing.
Notification parse_notification(std::string_view message);

}  // namespace health
