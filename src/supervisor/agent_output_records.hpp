// What an agent prints, as log records: the file that it prints to is followed while somebody wants to have them.
#pragma once

#include <filesystem>
#include <string>

#include "async/blocking.hpp"
#include "base/log.hpp"
#include "base/unique_fd.hpp"
#include "settings/settings.hpp"
#include "supervisor/agent_telemetry.hpp"

namespace supervisor {

/// Line by line, without secrets, and without ever holding up the agent: what comes faster than it can be sent is
/// dropped, and counted, by the queue of the records. What was printed before is not sent.
class AgentOutputRecords {
public:
    /// All outlive the object. `file`: its folder is there.
    struct Partners {
        async::asio::any_io_executor executor;
        async::BlockingPool& readers;
        const settings::Agent& agent;
        AgentTelemetry& telemetry;
        const base::log::Scope& log;
    };
    AgentOutputRecords(const Partners& partners, std::filesystem::path file)
        : partners_(partners), file_(std::move(file)) {}

    /// Until cancelled.
    async::Task<> run();

private:
    async::Task<> follow();
    async::Task<> send_new_lines();
    bool is_replaced() const;
    std::string read_lines();

    const Partners partners_;
    const std::filesystem::path file_;
    base::UniqueFd open_;
    std::uint64_t read_ = 0;  ///< Of that.
    std::string unfinished_;  ///< A line without its end.
};

}  // namespace supervisor
