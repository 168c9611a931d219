#include "health/notification.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/number.hpp"

namespace health {
namespace {

constexpr std::size_t kLongestStatus = 256;

std::string as_status(std::string_view value) {
    std::string line;
    for (const char c : value) line += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    return base::shortened(base::to_valid_utf8(line), kLongestStatus);
}

void take_line(Notification& told, std::string_view name, std::string_view value) {
    const bool is_one = value == "1";
    if (name == "READY") told.is_ready = told.is_ready || is_one;
    if (name == "RELOADING") told.is_reloading = told.is_reloading || is_one;
    if (name == "STOPPING") told.is_stopping = told.is_stopping || is_one;
    if (name == "MONOTONIC_USEC") told.monotonic_usec = base::parse_number<std::uint64_t>(value);
    if (name == "STATUS") told.status = as_status(value);
    if (name == "WATCHDOG" && is_one) told.watchdog = Notification::Watchdog::alive;
    if (name == "WATCHDOG" && value == "trigger") told.watchdog = Notification::Watchdog::trigger;
}

}  // namespace

Notification parse_notification(std::string_view message) {
    Notification told;
    if (message.size() > kMostNotification || message.find('\0') != std::string_view::npos) return told;
    while (!message.empty()) {
        const std::string_view line = message.substr(0, message.find('\n'));
        message.remove_prefix(std::min(line.size() + 1, message.size()));
        const std::size_t equals = line.find('=');
        if (equals != std::string_view::npos) take_line(told, line.substr(0, equals), line.substr(equals + 1));
    }
    return told;
}

}  // namespace health
