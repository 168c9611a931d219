// What is asked of an agent's process, what it tells by itself, and what both say together.
#pragma once

#include <sys/types.h>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "async/blocking.hpp"
#include "async/task_group.hpp"
#include "base/log.hpp"
#include "base/pace.hpp"
#include "config/redact.hpp"
#include "health/checkup.hpp"
#include "health/notify_socket.hpp"
#include "health/notify_state.hpp"
#include "health/watch.hpp"
#include "opamp/messages.hpp"
#include "process/guard.hpp"
#include "settings/settings.hpp"
#include "supervisor/agent_metrics.hpp"
#include "supervisor/provision.hpp"

namespace supervisor {

/// A probe of the settings; the only one that there is has no name.
struct NamedProbe {
    std::string name;
    const settings::Probe& probe;
};
/// None of an agent that is judged by its process alone.
std::vector<NamedProbe> probes_of(const settings::Agent& agent);

class AgentProbes {
public:
    struct Partners {
        async::asio::any_io_executor executor;
        const settings::Agent& agent;
        AgentMetrics& metrics;
        const base::log::Scope& log;
        process::Guard* guard = nullptr;
        std::function<void()> told;  ///< Called on the loop when `checkup` may say something else.
    };
    explicit AgentProbes(Partners partners);
    AgentProbes(const AgentProbes&) = delete;

    /// Makes the socket for what the agent tells, where the settings want it. Errors: as NotifySocket::open, and io (it
    /// cannot be given to the agent's user).
    base::Result<void> open();
    /// What the agent's process is to have in its environment.
    settings::TextMap variables() const;

    /// Whether `Process::commands` is needed.
    bool run_commands() const;

    struct Process {
        pid_t pid = 0;
        std::uint64_t start_unix_nano = 0;  ///< Just before it.
        std::string run_id;                 ///< Of what it has detached.
        Provision commands;
        std::string instance_uid;
    };
    /// A process has started: it is asked, and listened to.
    void begin(Process process);
    /// It has another config, and is to prove itself again.
    void begin_again();
    /// It is not asked any more, but may still tell. Returns once no question is open.
    async::Task<> pause();
    /// It has ended.
    async::Task<> end();

    health::Checkup& checkup() { return checkup_; }
    health::NotifyState& notified() { return notified_; }
    /// For the report: of several probes each, while there is a process.
    std::map<std::string, opamp::ComponentHealth> components(std::uint64_t start_time_unix_nano) const;
    /// What the agent says of itself; empty: nothing.
    std::string status() const { return process_.pid != 0 ? notified_.status() : ""; }

private:
    /// Hears the answers of one probe.
    struct Ear final : health::Listener {
        Ear(AgentProbes& whose, std::size_t which) : owner(whose), index(which) {}
        void probe_up(base::Duration took) override;
        void probe_down(base::Duration took, const std::string& reason) override;
        AgentProbes& owner;
        std::size_t index;
    };

    std::string shown(const std::string& text) const { return redactor_ ? redactor_->redact_output(text) : text; }
    void ask();
    health::Probe make(std::size_t index);
    health::Probe make_command(const settings::Probe& probe) const;
    async::Task<> listen();
    void take(const health::NotifySocket::Message& message, async::SteadyClock::time_point now);
    void heed_notified(async::SteadyClock::time_point now);

    const Partners partners_;
    const std::vector<NamedProbe> probes_;
    const std::optional<config::Redactor> redactor_;  ///< Of what commands and agents say.
    std::optional<std::size_t> notify_index_;         ///< Of the probe that is what the agent tells.
    health::Checkup checkup_;
    std::deque<Ear> ears_;
    std::map<std::size_t, async::BlockingPool> disks_;  ///< Of the probes that look at one, by index.
    async::TaskGroup asking_;
    std::unique_ptr<health::NotifySocket> socket_;
    health::NotifyState notified_;
    base::Pace listening_pace_;
    async::TaskGroup listening_;
    bool has_refused_ = false;  ///< A stranger's message, since the process has started.
    Process process_;
    async::SteadyClock::time_point started_;
    std::uint64_t started_unix_nano_ = 0;
};

}  // namespace supervisor
