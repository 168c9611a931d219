// Whose process an agent is and what it may: what the texts mean, and what cannot be meant.
#include <sys/resource.h>

#include "settings/capability_name.hpp"
#include "settings/describe.hpp"
#include "settings/environment_file.hpp"
#include "settings/resource_limit.hpp"
#include "unit/settings/problem_rows.hpp"

using namespace problem_rows;
using settings::ResolvedPrivileges;
using Ids = std::vector<std::uint32_t>;
using Variables = std::map<std::string, std::string>;

namespace {

FakeEnvironment as_root() {
    FakeEnvironment environment;
    environment.root = true;
    return environment;
}

ResolvedPrivileges resolved(const std::string& keys, const FakeEnvironment& environment = as_root()) {
    const auto loaded = settings::parse(kAgent + keys, environment, "opampd.yaml");
    for (const auto& problem : loaded.problems) FAIL_CHECK(settings::to_text(problem, "opampd.yaml"));
    return loaded.problems.empty() ? loaded.settings.agents.at(0).privileges.resolved : ResolvedPrivileges{};
}

std::uint64_t bit(int number) {
    return std::uint64_t{1} << number;
}

}  // namespace

TEST_CASE("without keys an agent is as opampd itself", "[settings][privileges]") {
    const ResolvedPrivileges none = resolved("");
    CHECK_FALSE(none.user);
    CHECK_FALSE(none.group);
    CHECK_FALSE(none.groups);
    CHECK_FALSE(none.umask);
    CHECK(none.limits.empty());
    CHECK_FALSE(none.bounding_set);
    CHECK_FALSE(none.ambient);
}

TEST_CASE("a user comes with its group, its groups and its home", "[settings][privileges]") {
    const ResolvedPrivileges web = resolved("  user: web\n");
    CHECK(web.user == 33u);
    CHECK(web.group == 33u);
    CHECK(web.groups == Ids{4, 50});
    CHECK(web.variables == Variables{{"HOME", "/var/www"}, {"USER", "web"}, {"LOGNAME", "web"}, {"SHELL", "/bin/sh"}});
    const ResolvedPrivileges other = resolved("  user: web\n  group: adm\n  supplementary_groups: [docker, adm, 77]\n");
    CHECK(other.group == 4u);
    CHECK(other.groups == Ids{4, 50, 60, 77});
}

TEST_CASE("a user may be a number that nobody has", "[settings][privileges]") {
    const ResolvedPrivileges numbered = resolved("  user: 4711\n  group: 4712\n");
    CHECK(numbered.user == 4711u);
    CHECK(numbered.group == 4712u);
    CHECK(numbered.groups == Ids{});
    CHECK(numbered.variables.empty());
}

TEST_CASE("with a group alone no group of opampd is left", "[settings][privileges]") {
    const ResolvedPrivileges grouped = resolved("  group: adm\n");
    CHECK_FALSE(grouped.user);
    CHECK(grouped.group == 4u);
    CHECK(grouped.groups == Ids{});
}

TEST_CASE("opampd's own user needs no right", "[settings][privileges]") {
    FakeEnvironment ordinary;
    CHECK_FALSE(resolved("  user: op\n", ordinary).user);
    CHECK_FALSE(resolved("  user: op\n", ordinary).groups);
    CHECK(resolved("  user: op\n  supplementary_groups: adm\n", ordinary).groups == Ids{27, 4});
}

TEST_CASE("numbers of privileges are read", "[settings][privileges]") {
    const ResolvedPrivileges read = resolved("  umask: 0027\n  nice: -5\n  oom_score_adjust: 500\n");
    CHECK(read.umask == 027u);
    CHECK(read.nice == -5);
    CHECK(read.oom_score_adjust == 500);
}

TEST_CASE("capabilities are read by name, and what is left of all", "[settings][privileges]") {
    CHECK(resolved("  capability_bounding_set: [CAP_CHOWN, cap_kill, NET_RAW]\n").bounding_set ==
          (bit(0) | bit(5) | bit(13)));
    CHECK(resolved("  capability_bounding_set: [~CAP_CHOWN, CAP_KILL]\n").bounding_set ==
          (settings::all_capabilities() & ~(bit(0) | bit(5))));
    CHECK(resolved("  capability_bounding_set: []\n").bounding_set == 0u);
    CHECK(resolved("  ambient_capabilities: [CAP_NET_BIND_SERVICE]\n").ambient == bit(10));
    CHECK(resolved("  ambient_capabilities: []\n").ambient == 0u);
    CHECK(settings::capability_name(40) == "CAP_CHECKPOINT_RESTORE");
    CHECK(settings::capability_name(41) == "CAP_41");
}

TEST_CASE("limits are read with their units", "[settings][privileges]") {
    const auto limit = [](const std::string& name, const std::string& text) {
        const auto read = settings::parse_limit(name, text);
        return read ? std::pair(read->soft, read->hard) : std::pair<std::uint64_t, std::uint64_t>(7, 7);
    };
    using Pair = std::pair<std::uint64_t, std::uint64_t>;
    CHECK(limit("nofile", "1024") == Pair(1024, 1024));
    CHECK(limit("nofile", "1024:4096") == Pair(1024, 4096));
    CHECK(limit("core", "0:unlimited") == Pair(0, RLIM_INFINITY));
    CHECK(limit("memlock", "64MiB") == Pair(64u << 20, 64u << 20));
    CHECK(limit("cpu", "90s") == Pair(90, 90));
    CHECK(limit("cpu", "1500ms") == Pair(2, 2));
    CHECK(limit("rttime", "200ms") == Pair(200'000, 200'000));
    for (const char* bad : {"", "x", "1k", "-1", "1:", ":1", "2:1", "1:2:3", "64MiB"})
        CHECK(limit("nofile", bad) == Pair(7, 7));
    CHECK(settings::limit_text({"nofile", 0, 5, RLIM_INFINITY}) == "5:unlimited");
}

TEST_CASE("privileges that cannot be are told what to do", "[settings][privileges][problems]") {
    check_rows({
        agent_row("no such user", "  user: nobdy\n",
                  {"5: agent.user: 'nobdy' is no user of this host (create it, or give another)"}),
        agent_row("no such group", "  group: nogrp\n",
                  {"5: agent.group: 'nogrp' is no group of this host (create it, or give another)"}),
        agent_row("no such supplementary group", "  supplementary_groups: [adm, nogrp]\n",
                  {"5: agent.supplementary_groups: 'nogrp' is no group of this host (create it, or give another)"}),
        agent_row("a number without a group", "  user: 4711\n",
                  {"3: agent.group: is missing (the user 4711 is not in the database of users)"}),
        agent_row("a bad umask", "  umask: 0o27\n",
                  {"5: agent.umask: '0o27' is not a file mode (write octal digits: 0027)"}),
        agent_row("a long umask", "  umask: 1777\n",
                  {"5: agent.umask: '1777' is not a file mode (write octal digits: 0027)"}),
        agent_row("too nice", "  nice: 20\n", {"5: agent.nice: '20' is not a number from -20 to 19"}),
        agent_row("an OOM score out of range", "  oom_score_adjust: -1001\n",
                  {"5: agent.oom_score_adjust: '-1001' is not a number from -1000 to 1000"}),
        agent_row("an unknown limit", "  limits:\n    files: 1\n",
                  {"6: agent.limits.files: is no limit (write one of " + settings::limit_names() + ")"}),
        agent_row("a soft limit above the hard one", "  limits:\n    nofile: \"2:1\"\n",
                  {"6: agent.limits.nofile: has a soft limit above its hard one (change one of them)"}),
        agent_row("a size of a count", "  limits:\n    nofile: 1MiB\n",
                  {"6: agent.limits.nofile: is not SOFT or SOFT:HARD, each a number, or unlimited"}),
        agent_row("no capability", "  ambient_capabilities: [CAP_NET_BIN]\n",
                  {"5: agent.ambient_capabilities: 'CAP_NET_BIN' is no capability of Linux (write a name such as "
                   "CAP_NET_BIND_SERVICE)"}),
        agent_row("ambient outside of the bounding set",
                  "  capability_bounding_set: [CAP_KILL]\n  ambient_capabilities: [CAP_CHOWN, CAP_KILL]\n",
                  {"6: agent.ambient_capabilities: has CAP_CHOWN, which capability_bounding_set has not (change one of "
                   "them)"}),
        agent_row("a file of variables that is not there", "  environment_files: [gone.env]\n",
                  {"5: agent.environment_files: 'gone.env' does not exist (relative paths start at opampd's working "
                   "directory)"}),
        agent_row("a file of variables that is none", "  environment_files: [plain.txt]\n",
                  {"5: agent.environment_files: 'plain.txt' is not a file of variables: line 1 is not NAME=VALUE"}),
        agent_row("a credential without a file", "  credentials:\n    token: gone\n",
                  {"6: agent.credentials.token: does not exist (relative paths start at opampd's working directory)"}),
        agent_row("a credential with the name of a path", "  credentials:\n    a/b: token\n",
                  {"6: agent.credentials.a/b: is not a name for a credential (letters, digits, '.', '_' and '-', no "
                   "dot in front, at most 64)"}),
        agent_row("a placeholder of a credential that is not there",
                  "  args: [\"{credential:key}\"]\n  credentials:\n    token: token\n",
                  {"5: agent.args: names the credential 'key', which is not in agent.credentials (add it)"}),
        agent_row("a delivery of nothing", "  credentials_delivery: descriptor\n",
                  {"5: agent.credentials_delivery: has nothing to deliver (give agent.credentials, or remove it)"}),
    });
}

TEST_CASE("files for an agent are found from opampd's folder", "[settings][privileges]") {
    FakeEnvironment environment;
    environment.files["/srv/agent.env"] = "A=1\n";
    const auto loaded = settings::parse(
        kAgent + "  environment_files: [agent.env, -missing.env]\n  credentials: {token: token}\n", environment, "");
    REQUIRE(loaded.problems.empty());
    const settings::Provisions& provisions = loaded.settings.agents[0].provisions;
    CHECK(provisions.environment_files == std::vector<std::string>{"/srv/agent.env", "-/srv/missing.env"});
    CHECK(provisions.credentials == Variables{{"token", "/srv/token"}});
}

TEST_CASE("what only the agent may read has a place of this daemon's own", "[settings][privileges]") {
    const auto folder = [](const FakeEnvironment& environment, const std::string& keys) {
        const auto loaded = settings::parse(kAgent + keys, environment, "");
        return loaded.settings.agents.at(0).provisions.folder.string();
    };
    FakeEnvironment environment;
    CHECK(folder(environment, "") == "/home/op/.local/state/opampd/runtime/agent.private");
    CHECK(folder(environment, "storage: {runtime_directory: data}\n") == "/srv/data/agent.private");
    environment.variables["RUNTIME_DIRECTORY"] = "/run/opampd:/run/other";
    CHECK(folder(environment, "") == "/run/opampd/agents/agent.private");
    const std::string one = folder(as_root(), "storage: {directory: /srv/data}\n");
    CHECK(one.starts_with("/run/opampd-"));
    CHECK(one != folder(as_root(), "storage: {directory: /srv/bin}\n"));
}

TEST_CASE("what differs from opampd is in the words", "[settings][privileges][describe]") {
    const auto loaded = settings::parse(kAgent +
                                            "  user: web\n  umask: 0077\n  nice: 5\n  limits: {nofile: \"5:6\"}\n"
                                            "  ambient_capabilities: [CAP_NET_RAW]\n  no_new_privileges: true\n",
                                        as_root(), "");
    REQUIRE(loaded.problems.empty());
    CHECK(settings::describe(loaded.settings)
              .find("  as        user web (33), group (33), groups 4 50, umask 0077, limit nofile 5:6, nice 5, ambient "
                    "capabilities CAP_NET_RAW, no new privileges\n") != std::string::npos);
}

TEST_CASE("a file of variables is read as systemd reads it", "[settings][environment_file]") {
    const auto read = [](const std::string& text) {
        const auto variables = settings::parse_environment_file(text);
        return variables ? *variables : Variables{{"error", variables.error().text()}};
    };
    CHECK(read("").empty());
    CHECK(read("# A=1\n; B=2\n\n  \n").empty());
    CHECK(read("A=1\nB = two words  \r\nC=\n") == Variables{{"A", "1"}, {"B", "two words"}, {"C", ""}});
    CHECK(read("A=1 # no comment") == Variables{{"A", "1 # no comment"}});
    CHECK(read("A='$x \\ \"'\nB=\"a \\\"b\\\" \\$c \\d\"\n") == Variables{{"A", "$x \\ \""}, {"B", "a \"b\" $c \\d"}});
    CHECK(read("A='two\nlines'\nB=x\n") == Variables{{"A", "two\nlines"}, {"B", "x"}});
    CHECK(read("A=one\\\ntwo\nB=a\\ b\\ \n") == Variables{{"A", "onetwo"}, {"B", "a b "}});
    CHECK(read("A=\"one\\\ntwo\"x' 'y\n") == Variables{{"A", "onetwox y"}});
    CHECK(read("A=1\nA=2\n") == Variables{{"A", "2"}});
    CHECK(read("A=1\nexport B=2\n") ==
          Variables{{"error", "line 2 has no good name of a variable (letters, digits and _)"}});
    CHECK(read("A=1\n\nB='x\n") == Variables{{"error", "line 3 has a quote that is not closed"}});
    CHECK(read("secret\n") == Variables{{"error", "line 1 is not NAME=VALUE"}});
    CHECK(read("A=\0"s) == Variables{{"error", "line 1 has a NUL character in it"}});
}
