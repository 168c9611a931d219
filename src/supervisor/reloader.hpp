// How a running agent is told to take another config, and how it shows that it has.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "async/task.hpp"
#include "base/result.hpp"
#include "health/notify_state.hpp"
#include "process/child.hpp"
#include "process/guard.hpp"
#include "settings/settings.hpp"
#include "supervisor/agent_output.hpp"
#include "supervisor/provision.hpp"

namespace supervisor {

/// One reload of one process: `look_before`, then the files, then `order`, then `await_proof`.
class Reloader {
public:
    struct Partners {
        async::asio::any_io_executor executor;
        const settings::Agent& agent;
        AgentOutput& output;
        health::NotifyState& notified;
        process::Guard* guard = nullptr;
    };
    /// Of the process `pid`; `provision` is for commands and outlives this, `instance_uid` is for their arguments.
    Reloader(const Partners& partners, pid_t pid, const Provision& provision, std::string instance_uid);

    /// What shows the config that it has now. Errors: as those of the question.
    async::Task<base::Result<void>> look_before();
    /// Tells it. Errors: refused (the command or the answer says that the config was not taken), timeout, io.
    async::Task<base::Result<void>> order(process::Child& child);
    /// Returns once the agent shows that it has taken the config; at once where nothing shows it.
    /// Errors: timeout (of `agent.reload.timeout`).
    async::Task<base::Result<void>> await_proof();

    /// "SIGHUP", "POST http://…", "/usr/sbin/syslog-ng-ctl": for the log.
    static std::string describe(const settings::Reload& reload);

private:
    struct Look {
        std::string text;  ///< An answer, or what was printed.
        std::set<pid_t> children;
    };
    async::Task<base::Result<Look>> look();
    async::Task<base::Result<void>> note_printed();
    async::Task<base::Result<std::string>> printed_since_told();
    async::Task<base::Result<std::string>> run(std::vector<std::string> command) const;
    async::Task<base::Result<void>> post() const;
    bool is_proof(const Look& now) const;
    std::string what_is_missing() const;

    Partners partners_;
    const pid_t pid_;
    const Provision& provision_;
    const std::string instance_uid_;
    Look before_;
    std::uint64_t printed_ = 0;  ///< Of its output, up to here looked at.
    std::string begun_line_;     ///< Of that, without its end.
};

/// The children of all threads of `pid`; none of a process that has ended.
std::set<pid_t> children_of(pid_t pid);

}  // namespace supervisor
