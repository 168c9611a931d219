#include "settings/stop_steps.hpp"

#include "settings/scalar.hpp"
#include "settings/signal_name.hpp"

namespace settings {

std::optional<StopStep> parse_stop_step(const std::string& text) {
    const std::size_t space = text.find(' ');
    StopStep step;
    if (space == std::string::npos || from_text(text.substr(space + 1), step.timeout) ||
        step.timeout <= Duration::zero())
        return std::nullopt;
    const auto signal = parse_signal(text.substr(0, space));
    if (!signal) return std::nullopt;
    step.signal = *signal;
    return step;
}

std::vector<StopStep> stop_steps(const Agent& agent) {
    std::vector<StopStep> steps;
    for (const std::string& text : agent.stop_sequence)
        if (const auto step = parse_stop_step(text)) steps.push_back(*step);
    if (steps.empty()) steps.push_back({agent.stop_signal, agent.stop_timeout});
    return steps;
}

}  // namespace settings
