#include "settings/command_line.hpp"

#include <catch2/catch.hpp>

using Texts = std::vector<std::string>;

TEST_CASE("placeholders in arguments are filled in, once", "[settings][command_line]") {
    settings::Agent agent;
    agent.name = "{config}";
    agent.config_path = "/srv/effective.yaml";
    CHECK(settings::filled_in(agent.args, agent, "uid") == Texts{"--config", "/srv/effective.yaml"});
    CHECK(settings::filled_in(Texts{}, agent, "uid").empty());
    const Texts args{
        "--config={config}", "{instance_uid}-{instance_uid}", "{name}", "{", "{conf", "{other}", "{{name}}", ""};
    CHECK(settings::filled_in(args, agent, "uid") ==
          Texts{"--config=/srv/effective.yaml", "uid-uid", "{config}", "{", "{conf", "{other}", "{{config}}", ""});
}
