// Presets of agents that the tests do not run, against what their documentation says.
#include <catch2/catch.hpp>

#include <algorithm>
#include <set>

#include "base/files.hpp"
#include "settings/layer.hpp"
#include "settings/preset.hpp"
#include "unit/settings/preset_machine.hpp"

namespace {

const std::filesystem::path kFacts = std::filesystem::path(OPAMPD_SOURCE_DIR) / "tests" / "agents" / "documented";

struct Facts {
    std::set<std::string> flags, commands;
    std::string of, reload, shows, answers;
};

Facts facts_of(const std::string& name) {
    const auto text = base::read_file(kFacts / (name + ".yaml"));
    REQUIRE(text);
    settings::Report report;
    const auto tree = settings::read_yaml(*text, report);
    REQUIRE(tree);
    const auto word = [&](const char* key) {
        const settings::Node* node = settings::value_of(*tree, key);
        return node ? node->text : "";
    };
    Facts facts;
    for (const auto& [key, into] : {std::pair("flags", &facts.flags), std::pair("commands", &facts.commands)})
        for (const settings::Node& item : settings::value_of(*tree, key)->items) into->insert(item.text);
    facts.of = word("of");
    facts.reload = word("reload");
    facts.shows = word("shows");
    facts.answers = word("answers");
    return facts;
}

/// Flags as they are, other words together; what is in braces is ours.
void check_words(const Texts& words, const Facts& facts) {
    std::string command;
    for (const std::string& word : words) {
        CAPTURE(word);
        if (word.starts_with("--"))
            CHECK(facts.flags.contains(word.substr(0, word.find('='))));
        else if (word.find('{') == std::string::npos && word.find_first_not_of("0123456789.") != std::string::npos)
            command += (command.empty() ? "" : " ") + word;
    }
    CAPTURE(command);
    CHECK((command.empty() || facts.commands.contains(command)));
}

}  // namespace

TEST_CASE("presets of agents that are not run say only what is documented", "[settings][preset]") {
    std::size_t held = 0;
    settings::Report report;
    const auto environment = machine();
    settings::PresetReader reader(environment, report);
    for (const settings::Preset& preset : reader.all("/nonexistent")) {
        if (!preset.checked.starts_with("not run")) continue;
        CAPTURE(preset.name);
        const Facts facts = facts_of(preset.name);
        const Agent agent = agent_with("  preset: " + preset.name + "\n");
        check_words(agent.args, facts);
        check_words({agent.version.command.begin() + 1, agent.version.command.end()}, facts);
        check_words({agent.config_check.command.begin() + 1, agent.config_check.command.end()}, facts);
        CHECK(facts.reload == "SIGHUP");
        CHECK(agent.reload.signal == SIGHUP);
        const auto& confirm = agent.reload.confirm;
        CHECK((confirm.output.find(facts.shows) != std::string::npos || confirm.url.ends_with(facts.shows)));
        if (!agent.health.endpoint.empty()) CHECK(agent.health.endpoint.ends_with(facts.answers));
        // "its documentation of 1.32", as the facts have it.
        CHECK(preset.checked.find(facts.of.substr(facts.of.rfind(' ') + 1)) != std::string::npos);
        ++held;
    }
    const auto files =
        std::distance(std::filesystem::directory_iterator(kFacts), std::filesystem::directory_iterator());
    CHECK(held == static_cast<std::size_t>(files));
}
