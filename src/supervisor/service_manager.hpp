// Telling systemd how the daemon is: the sd_notify protocol.
#pragma once

#include <string>
#include <string_view>

namespace supervisor {

/// Sends lines like "READY=1\nSTATUS=…" to $NOTIFY_SOCKET. Nothing happens when the daemon is not a service of that
/// type.
class ServiceManager {
public:
    ServiceManager();
    void notify(std::string_view state) const;

private:
    std::string socket_;
};

}  // namespace supervisor
