// A machine with presets on it.
#pragma once

#include <catch2/catch.hpp>
#include <map>
#include <string>
#include <vector>

#include "settings/load.hpp"
#include "unit/settings/fake_environment.hpp"

using settings::Agent;
using Texts = std::vector<std::string>;

inline const std::string kServer = "server: {endpoint: ws://localhost}\n";
inline const std::string kFolder = "/etc/opampd/presets/";

/// A machine with the programs of the presets, and presets of its operator's.
inline FakeEnvironment machine(const std::map<std::string, std::string>& presets = {}) {
    FakeEnvironment environment;
    for (const char* program :
         {"prometheus", "promtool", "jaeger-all-in-one", "jaeger-remote-storage", "prometheus-alertmanager", "amtool",
          "prometheus-blackbox-exporter", "nginx", "rsyslogd", "syslog-ng", "syslog-ng-ctl", "collectd", "haproxy",
          "telegraf", "fluent-bit", "vector", "zabbix_agent2", "otelcol"})
        environment.programs.insert(std::string("/usr/bin/") + program);
    for (const auto& [name, yaml] : presets) environment.files[kFolder + name + ".yaml"] = yaml;
    return environment;
}

inline Texts problems_of(const std::string& yaml, const FakeEnvironment& environment = machine()) {
    Texts lines;
    for (const auto& problem : settings::parse(yaml, environment, "opampd.yaml").problems)
        lines.push_back(settings::to_text(problem, "opampd.yaml"));
    return lines;
}

inline std::vector<Agent> agents_of(const std::string& yaml, const FakeEnvironment& environment = machine()) {
    CHECK(problems_of(yaml, environment) == Texts{});
    return settings::parse(yaml, environment, "opampd.yaml").settings.agents;
}

/// `keys` are lines of the agent's section, from line 3 on.
inline Agent agent_with(const std::string& keys, const FakeEnvironment& environment = machine()) {
    const auto agents = agents_of(kServer + "agent:\n" + keys, environment);
    return agents.empty() ? Agent{} : agents[0];
}
