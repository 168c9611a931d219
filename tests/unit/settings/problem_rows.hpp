// Files with something wrong, and what is said of it.
#pragma once

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

#include "settings/load.hpp"
#include "unit/settings/fake_environment.hpp"

namespace problem_rows {

using namespace std::string_literals;

using Lines = std::vector<std::string>;

struct Row {
    const char* name;
    std::string yaml;
    Lines problems;  ///< Without "opampd.yaml:" in front.
};

inline Lines problems_of(const std::string& yaml, const FakeEnvironment& environment = {}) {
    Lines lines;
    for (const auto& problem : settings::parse(yaml, environment, "opampd.yaml").problems)
        lines.push_back(settings::to_text(problem, "").substr(1));
    return lines;
}

/// A good file whose last section is the agent, so that keys of the agent can follow from line 5 on.
inline const std::string kAgent =
    "server:\n  endpoint: ws://localhost:4320/v1/opamp\nagent:\n  executable: ./demo-service\n";
/// A good file whose last section is the server, so that keys of the server can follow from line 5 on.
inline const std::string kServer =
    "agent:\n  executable: ./demo-service\nserver:\n  endpoint: wss://localhost:4320/v1/opamp\n";

inline Row agent_row(const char* name, const std::string& keys, Lines problems) {
    return {name, kAgent + keys, std::move(problems)};
}
inline Row server_row(const char* name, const std::string& keys, Lines problems) {
    return {name, kServer + keys, std::move(problems)};
}
inline Row endpoint_row(const char* name, const std::string& url, const std::string& problem) {
    return {name,
            "agent: {executable: ./demo-service}\nserver:\n  endpoint: " + url + "\n",
            {"3: server.endpoint: " + problem}};
}
inline Row executable_row(const char* name, const std::string& path, const std::string& problem) {
    return {name,
            "server: {endpoint: ws://localhost}\nagent:\n  executable: " + path + "\n",
            {"3: agent.executable: " + problem}};
}

inline void check_rows(const std::vector<Row>& rows) {
    for (const Row& row : rows) {
        INFO(row.name);
        CHECK(problems_of(row.yaml) == row.problems);
    }
}

}  // namespace problem_rows
