#include "supervisor/agent_version.hpp"

#include <catch2/catch.hpp>

#include "support/temp_folder.hpp"

using supervisor::AgentVersion;
using supervisor::find_version;

TEST_CASE("the version is the first word that looks like one", "[supervisor][version]") {
    CHECK(find_version("nginx version: nginx/1.22.1\n") == "1.22.1");
    CHECK(find_version("HAProxy version 2.6.12-1+deb12u4 2026/10/17 - https://haproxy.org/") == "2.6.12-1+deb12u4");
    CHECK(find_version("rsyslogd  8.2302.0 (aka 2023.02) compiled with:") == "8.2302.0");
    CHECK(find_version("syslog-ng 3 (3.38.1)\nConfig version: 3.35") == "3.38.1");
    CHECK(find_version("prometheus, version 2.42.0+ds (branch: debian/sid)") == "2.42.0+ds");
    CHECK(find_version("Fluent Bit v3.0.0\n") == "3.0.0");
    CHECK(find_version("This is release 4.5.") == "4.5");
    CHECK(find_version("otelcol version 0.149.0") == "0.149.0");
    CHECK(find_version("no version here, 2026/10/17 1 2. .3").empty());
    CHECK(find_version("").empty());
}

TEST_CASE("a version is remembered for as long as the program is the same", "[supervisor][version]") {
    support::TempFolder folder;
    settings::Agent agent;
    agent.executable = folder / "program";
    agent.version.command = {"/bin/echo", "program", "1.5"};
    support::write(agent.executable, "1");
    const AgentVersion version(agent, folder.path());
    CHECK(version.remembered().empty());
    REQUIRE(version.remember("1.5"));
    CHECK(version.remembered() == "1.5");
    support::write(folder / "other", "another");
    std::filesystem::rename(folder / "other", agent.executable);
    CHECK(version.remembered().empty());
    support::write(folder / "version", "nonsense");
    CHECK(version.remembered().empty());
}
