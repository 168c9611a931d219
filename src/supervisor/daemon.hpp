// The daemon: all agents, their connections, the signals, the end.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "async/blocking.hpp"
#include "async/task_group.hpp"
#include "base/result.hpp"
#include "base/unique_fd.hpp"
#include "control/server.hpp"
#include "process/cgroup.hpp"
#include "process/guard.hpp"
#include "process/orphans.hpp"
#include "settings/settings.hpp"
#include "supervisor/agent_supervisor.hpp"
#include "supervisor/control_answers.hpp"
#include "supervisor/local_endpoint.hpp"
#include "supervisor/service_manager.hpp"

namespace supervisor {

class Daemon {
public:
    /// `settings` and `guard` outlive the daemon.
    Daemon(async::asio::any_io_executor executor, const settings::Settings& settings, process::Guard* guard);
    ~Daemon();

    /// Takes the state folder and reads what is in it. Nothing has been started when this fails.
    /// Errors: refused (another daemon has the folder), io, invalid.
    base::Result<void> open();

    /// Runs until SIGTERM or SIGINT; when it returns, nothing of ours is running. A second signal kills the agents at
    /// once.
    async::Task<> run();

private:
    base::Result<base::UniqueFd> lock_state() const;
    base::Result<void> divide_cgroup();
    void use(const LocalTelemetry& local);
    void tell(base::log::Level level, std::string_view event, const base::log::Fields& fields);
    SettingsReload read_settings_again();
    async::Task<> send_last_telemetry();
    async::Task<> limit_last_telemetry();
    async::Task<> answer_questions();
    bool open_local_endpoint();
    async::Task<> await_signals();
    async::Task<> limit_goodbyes();
    void note_signal(int signo);
    std::string status_line() const;

    const settings::Settings& settings_;
    async::BlockingPool disk_, readers_, packer_;
    ServiceManager service_manager_;
    process::Orphans orphans_;
    std::optional<process::CgroupTree> cgroups_;  ///< Where an agent wants a control group.
    process::MemoryKills memory_kills_;
    base::UniqueFd lock_;
    std::vector<std::unique_ptr<AgentSupervisor>> agents_;
    ControlAnswers answers_;
    control::ControlServer control_;
    std::unique_ptr<LocalEndpoint> local_endpoint_;  ///< Where one is wanted.
    async::asio::signal_set signals_;
    async::TaskGroup lives_;
    async::TaskGroup connections_;
    async::TaskGroup exports_;
    async::TaskGroup attendants_;
    bool is_stopping_ = false;
};

}  // namespace supervisor
