// What the daemon says to opampctl, and does for it.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "async/blocking.hpp"
#include "control/server.hpp"
#include "supervisor/agent_supervisor.hpp"
#include "supervisor/revision_answers.hpp"
#include "supervisor/settings_reload.hpp"

namespace supervisor {

class ControlAnswers : public control::Answerer {
public:
    using Agents = std::vector<std::unique_ptr<AgentSupervisor>>;
    /// Reads the settings file again, and uses what can be used at once.
    using Reload = std::function<SettingsReload()>;
    /// All outlive the object.
    ControlAnswers(async::BlockingPool& disk, async::BlockingPool& readers, const Agents& agents, Reload reload)
        : disk_(disk), readers_(readers), agents_(agents), reload_(std::move(reload)) {}

    async::Task<control::Answer> answer(control::Request request) override;
    async::Task<> go_on(const control::Request& request, control::Stream& stream) override;

private:
    base::Result<AgentSupervisor*> find(const std::string& name) const;
    base::Result<AgentSupervisor*> find_for_logs(const std::string& name) const;
    async::Task<control::Agent> describe(const AgentSupervisor& agent);
    async::Task<base::Result<control::Answer>> status(const std::string& name);
    base::Result<control::Answer> telemetry(const std::string& name) const;
    control::Answer reload();
    async::Task<base::Result<control::Answer>> answer_for(AgentSupervisor& agent, const control::Request& request);
    async::Task<base::Result<control::Answer>> obey(AgentSupervisor& agent, const control::Request& request);
    async::Task<base::Result<control::Answer>> roll_back(AgentSupervisor& agent, const control::Request& request);
    async::Task<base::Result<control::Answer>> retry(AgentSupervisor& agent, const control::Request& request);
    async::Task<base::Result<control::Answer>> list_revisions(const AgentSupervisor& agent);
    async::Task<base::Result<Loaded>> load(const AgentSupervisor& agent, const std::string& word, const char* otherwise,
                                           bool remote);
    async::Task<base::Result<control::Answer>> show_revision(const AgentSupervisor& agent,
                                                             const control::Request& request);
    async::Task<base::Result<control::Answer>> compare_revisions(const AgentSupervisor& agent,
                                                                 const control::Request& request);

    async::BlockingPool &disk_, &readers_;
    async::BlockingPool log_readers_;  ///< Of logs alone: there may be much to read.
    const Agents& agents_;
    const Reload reload_;
};

}  // namespace supervisor
