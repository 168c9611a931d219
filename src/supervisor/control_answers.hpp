// What the daemon says to opampctl, and does for it.
#pragma once

#include <memory>
#include <vector>

#include "async/blocking.hpp"
#include "control/server.hpp"
#include "supervisor/agent_supervisor.hpp"
#include "supervisor/revision_answers.hpp"

namespace supervisor {

class ControlAnswers : public control::Answerer {
public:
    using Agents = std::vector<std::unique_ptr<AgentSupervisor>>;
    /// All outlive the object.
    ControlAnswers(async::BlockingPool& disk, async::BlockingPool& readers, const Agents& agents)
        : disk_(disk), readers_(readers), agents_(agents) {}

    async::Task<control::Answer> answer(control::Request request) override;

private:
    base::Result<AgentSupervisor*> find(const std::string& name) const;
    async::Task<control::Agent> describe(const AgentSupervisor& agent);
    async::Task<base::Result<control::Answer>> status(const std::string& name);
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
    const Agents& agents_;
};

}  // namespace supervisor
