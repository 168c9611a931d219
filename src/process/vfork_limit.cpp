#include "process/vfork_limit.hpp"

#include <signal.h>

#include <system_error>

namespace process {

VforkLimit::VforkLimit(std::chrono::milliseconds limit) {
    try {
        thread_ = std::thread([this, limit] {
            std::unique_lock lock(mutex_);
            const bool is_in_time = over_.wait_for(lock, limit, [this] { return is_over_; });
            if (!is_in_time && child_ > 0) ::kill(child_, SIGKILL);
        });
    } catch (const std::system_error&) {
        // No more threads: without a limit, then.
    }
}

VforkLimit::~VforkLimit() {
    if (!thread_.joinable()) return;
    {
        const std::lock_guard lock(mutex_);
        is_over_ = true;
    }
    over_.notify_one();
    thread_.join();
}

}  // namespace process
