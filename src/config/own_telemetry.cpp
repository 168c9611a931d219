#include "config/own_telemetry.hpp"

#include "base/bytes.hpp"

namespace config {
namespace {

void note_changes(const Variables& from, const Variables& to, std::vector<std::string>& names) {
    for (const auto& [name, value] : from) {
        const auto other = to.find(name);
        if (other == to.end() || other->second != value) names.push_back(name);
    }
    for (const auto& [name, value] : to)
        if (!from.contains(name)) names.push_back(name);
}

}  // namespace

std::string hash(const OwnTelemetry& own_telemetry) {
    if (own_telemetry.empty()) return {};
    std::string listing;
    const auto add = [&](char kind, const Variables& entries) {
        for (const auto& [name, value] : entries) listing += kind + name + "=" + base::sha256(value);
    };
    add('v', own_telemetry.variables);
    add('f', own_telemetry.files);
    return base::sha256(listing);
}

std::vector<std::string> changed_names(const OwnTelemetry& from, const OwnTelemetry& to) {
    std::vector<std::string> names;
    note_changes(from.variables, to.variables, names);
    note_changes(from.files, to.files, names);
    return names;
}

std::string format(const Variables& variables) {
    std::string text;
    for (const auto& [name, value] : variables) text += name + "=" + value + "\n";
    return text;
}

std::optional<Variables> parse_variables(std::string_view text) {
    Variables variables;
    while (!text.empty()) {
        const auto end = text.find('\n');
        const auto equals = text.find('=');
        if (end == std::string_view::npos || equals == std::string_view::npos || equals > end) return std::nullopt;
        variables[std::string(text.substr(0, equals))] = text.substr(equals + 1, end - equals - 1);
        text.remove_prefix(end + 1);
    }
    return variables;
}

}  // namespace config
