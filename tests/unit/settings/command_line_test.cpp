#include "settings/command_line.hpp"

#include <catch2/catch.hpp>

using Texts = std::vector<std::string>;

TEST_CASE("placeholders in arguments are filled in, once", "[settings][command_line]") {
    settings::Agent agent;
    agent.name = "{config}";
    agent.executable = "/bin/agent";
    agent.config_path = "/srv/effective.yaml";
    CHECK(settings::command_line(agent, "uid") == Texts{"/bin/agent", "--config", "/srv/effective.yaml"});
    agent.args = {};
    CHECK(settings::command_line(agent, "uid") == Texts{"/bin/agent"});
    agent.args = {
        "--config={config}", "{instance_uid}-{instance_uid}", "{name}", "{", "{conf", "{other}", "{{name}}", ""};
    CHECK(settings::command_line(agent, "uid") == Texts{"/bin/agent", "--config=/srv/effective.yaml", "uid-uid",
                                                        "{config}", "{", "{conf", "{other}", "{{config}}", ""});
}
