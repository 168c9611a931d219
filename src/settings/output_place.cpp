#include "settings/output_place.hpp"

namespace settings {

std::filesystem::path output_file(const Agent& agent, const std::filesystem::path& folder) {
    return agent.output.file.empty() ? folder / "agent.log" : agent.output.file;
}

std::string output_identifier(const Agent& agent) {
    return agent.output.identifier.empty() ? agent.name : agent.output.identifier;
}

std::string where_output_goes(const Agent& agent, const std::filesystem::path& folder) {
    switch (agent.output.destination) {
    case OutputDestination::file: return output_file(agent, folder).string();
    case OutputDestination::log: return "opampd's own log, events agent.output with agent=" + agent.name;
    case OutputDestination::journal: return "the journal: journalctl -t " + output_identifier(agent);
    case OutputDestination::none: break;
    }
    return "nowhere, by agent.output.destination";
}

}  // namespace settings
