#include <catch2/catch.hpp>

#include "unit/settings/preset_machine.hpp"

namespace {

Texts problems_with(const std::string& keys, const std::string& preset = "stop_timeout: 1s\n") {
    return problems_of(kServer + "agent:\n  preset: mine\n  executable: ./demo-service\n" + keys,
                       machine({{"mine", preset}}));
}

}  // namespace

TEST_CASE("a reload has one way to be told, and one to be seen", "[settings][reload]") {
    CHECK(problems_with("  reload: {signal: HUP, url: http://localhost:1/}\n") ==
          Texts{"opampd.yaml:5: agent.reload.url: is given together with agent.reload.signal (keep one)"});
    CHECK(problems_with("  reload: {signal: HUP, confirm: {children: true, output: x}}\n") ==
          Texts{"opampd.yaml:5: agent.reload.confirm.children: is given together with agent.reload.confirm.output "
                "(keep one)"});
    CHECK(problems_with("  reload: {confirm: {children: true}}\n") ==
          Texts{"opampd.yaml:5: agent.reload.signal: is missing (give the signal, or a command or url, that makes the "
                "agent read its config again)"});
    CHECK(
        problems_with("  reload: {signal: HUP, confirm: {line: x}}\n") ==
        Texts{"opampd.yaml:5: agent.reload.confirm.url: is missing (give the URL of the answer that the line is in)"});
    CHECK(problems_with("  reload: {command: [nobody]}\n") ==
          Texts{"opampd.yaml:5: agent.reload.command: the program is not a program in $PATH (for one elsewhere write a "
                "path with a slash: ./NAME or /FOLDER/NAME)"});
}

TEST_CASE("an agent's own way to reload takes the place of its preset's", "[settings][reload]") {
    const auto environment = machine({{"mine",
                                       "executable: prometheus\n"
                                       "reload: {signal: HUP, confirm: {url: 'http://localhost:1/', line: x}}\n"}});
    const Agent agent =
        agent_with("  preset: mine\n  reload: {url: 'http://localhost:2/', confirm: {output: y}}\n", environment);
    CHECK(agent.reload.signal == 0);
    CHECK(agent.reload.url == "http://localhost:2/");
    CHECK(agent.reload.confirm.url.empty());
    CHECK(agent.reload.confirm.line.empty());
    CHECK(agent.reload.confirm.output == "y");
    CHECK(agent_with("  preset: mine\n  reload: {signal: none}\n", environment).reload.signal == 0);
}
