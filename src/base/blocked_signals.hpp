// Signals that have to wait.
#pragma once

#include <signal.h>

namespace base {

/// For this thread, and for good: at the end of a program, so that one that comes too late to be handled does not
/// change its exit code; and in a child of our own. The mask that was.
inline sigset_t block_signals() {
    sigset_t all, before;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    return before;
}

/// For this thread while it lives; what is started meanwhile, a thread or a process, has the same mask.
class BlockedSignals {
public:
    BlockedSignals() : before_(block_signals()) {}
    ~BlockedSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
    BlockedSignals(const BlockedSignals&) = delete;
    BlockedSignals& operator=(const BlockedSignals&) = delete;

private:
    const sigset_t before_;
};

}  // namespace base
