// What is left of an agent's process once it has ended, and what it ended of.
#include <signal.h>

#include "supervisor/agent_supervisor.hpp"

namespace supervisor {

using namespace async;

/// What the agent left in its group has been killed; it must not hold a port that the next start needs. So with what
/// has left the group, and lost its parents.
Task<> AgentSupervisor::end_descendants(pid_t group) {
    using namespace std::chrono_literals;
    co_await process::group_gone(group, 2s);
    if (cgroup_) co_await cgroup_->emptied(2s);
    if (!shared_.orphans) co_return;
    const std::size_t killed = co_await shared_.orphans->end_run(run_id_, 2s);
    if (killed > 0) log_.warning("agent.descendants_killed", {{"pid", group}, {"processes", killed}});
}

std::uint64_t AgentSupervisor::memory_kills() const {
    if (cgroup_) return cgroup_->memory_kills();
    return shared_.memory_kills ? shared_.memory_kills->count() : 0;
}

/// A kill by the kernel for want of memory is told apart from any other.
std::string AgentSupervisor::describe(const process::ExitStatus& status) const {
    const std::string text = process::describe(status);
    // Who is being stopped was killed by us.
    if (status.signal != SIGKILL || state_.phase == lifecycle::Phase::stopping) return text;
    const bool is_for_memory = cgroup_ ? memory_kills() > memory_kills_before_
                                       : shared_.memory_kills && shared_.memory_kills->take_one(memory_kills_before_);
    if (!is_for_memory) return text;
    const std::string& limit = agent_.cgroup.memory_max;
    return text + " for want of memory" + (limit.empty() ? "" : " (agent.cgroup.memory_max is " + limit + ")");
}

/// What a daemon that was killed has left, and at the end what nobody reads any more.
void AgentSupervisor::remove_private_folders() const {
    std::error_code code;
    std::filesystem::remove_all(agent_.provisions.folder, code);
    std::filesystem::remove(agent_.provisions.folder.parent_path(), code);  // if it is empty
}

}  // namespace supervisor
