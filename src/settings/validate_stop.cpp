#include "settings/validate_agent.hpp"

namespace settings {

void check_stop(Agent& agent, const std::string& path, Report& report) {
    const std::string sequence = path + ".stop_sequence";
    const bool is_own = report.has(sequence) && !report.is_from_preset(sequence);
    for (const char* name : {".stop_signal", ".stop_timeout"}) {
        const std::string single = path + name;
        if (agent.stop_sequence.empty() || !report.has(single)) continue;
        if (is_own == !report.is_from_preset(single))
            report.add(single, "is given together with " + sequence + " (keep one)");
        else if (!is_own)
            agent.stop_sequence.clear();  // the agent's own is short for another one
    }
}

}  // namespace settings
