// What an agent prints, as log records: it is followed while somebody wants to have them.
#pragma once

#include <string>

#include "async/blocking.hpp"
#include "base/log.hpp"
#include "output/reader.hpp"
#include "output/tail.hpp"
#include "settings/settings.hpp"
#include "supervisor/agent_output.hpp"
#include "supervisor/agent_telemetry.hpp"

namespace supervisor {

/// Line by line, without secrets, and without ever holding up the agent: what comes faster than it can be sent is
/// dropped, and counted, by the queue of the records. What was printed before is not sent.
class AgentOutputRecords {
public:
    /// All outlive the object.
    struct Partners {
        async::asio::any_io_executor executor;
        const settings::Agent& agent;
        AgentOutput& output;
        AgentTelemetry& telemetry;
        const base::log::Scope& log;
    };
    explicit AgentOutputRecords(const Partners& partners) : partners_(partners) {}

    /// Until cancelled.
    async::Task<> run();

private:
    async::Task<> follow();
    async::Task<> follow_files(const output::Files& files);
    async::Task<> follow_lines();
    async::Task<> send_new_lines(output::Reader& reader, output::Lines& lines);
    async::Task<> not_followed(std::string why);
    void send(const std::string& lines);
    std::string redacted(std::string lines) const;

    const Partners partners_;
};

}  // namespace supervisor
