// An end to the wait in vfork.
#pragma once

#include <sys/types.h>
#include <unistd.h>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace process {

/// A child that has not become another program by then is killed, and the caller goes on. Whoever's it has become
/// meanwhile may stop it, and would stop us with it. To be made with all signals blocked, before vfork.
class VforkLimit {
public:
    explicit VforkLimit(std::chrono::milliseconds limit = std::chrono::seconds(5));
    VforkLimit(const VforkLimit&) = delete;
    VforkLimit& operator=(const VforkLimit&) = delete;
    /// Before the child is reaped: its number is its own until then.
    ~VforkLimit();

    /// By the child, first.
    void begin() { child_ = ::getpid(); }

private:
    volatile pid_t child_ = 0;
    std::mutex mutex_;
    std::condition_variable over_;
    bool is_over_ = false;
    std::thread thread_;
};

}  // namespace process
