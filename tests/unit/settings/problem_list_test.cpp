// How problems are listed, and what no file may do.
#include <random>

#include "unit/settings/problem_rows.hpp"

using namespace problem_rows;

TEST_CASE("all problems of a file are reported at once, in its order", "[settings][problems]") {
    CHECK(problems_of("telemetry: {logs: {level: loud}}\n"
                      "agent:\n"
                      "  executable: ./gone\n"
                      "  stop_timeout: 10\n"
                      "  stop_timeout: 20\n"
                      "  min_uptim: 1s\n"
                      "server:\n"
                      "  endpoint: ftp://x\n"
                      "  headers: {A: \"${NOPE}\"}\n") ==
          Lines{"1: telemetry.logs.level: 'loud' is not known here (write "
                "debug, info, warning or error)",
                "3: agent.executable: './gone' does not exist (give the "
                "path of a program)",
                "4: agent.stop_timeout: '10' is not a duration (write "
                "500ms, 10s or 5m)",
                "5: agent.stop_timeout: is given twice, first on line 4 "
                "(keep one)",
                "6: agent.min_uptim: is not a key of opampd (did you mean min_uptime?)",
                "8: server.endpoint: 'ftp://x' does not begin with ws://, "
                "wss://, http:// or https:// (write ws://HOST:PORT/v1/opamp)",
                "9: server.headers.A: environment variable 'NOPE' is not "
                "set (set it, or give a default: "
                "${env:NOPE:-text})"});
}

TEST_CASE("a problem is printed with file, line and key", "[settings][problems]") {
    CHECK(settings::to_text({7, 3, "agent.stop_timeout", "'10' is not a duration"}, "etc/opampd.yaml") ==
          "etc/opampd.yaml:7: agent.stop_timeout: '10' is not a duration");
    CHECK(settings::to_text({1, 1, "", "the file is empty"}, "a.yaml") == "a.yaml:1: the file is empty");
}

TEST_CASE("a problem's column is that of its key", "[settings][problems]") {
    const auto loaded =
        settings::parse(kAgent + "  restart: {max_backoff: 1s, reset_after: soon}\n", FakeEnvironment());
    REQUIRE(loaded.problems.size() == 1);
    CHECK(loaded.problems[0].line == 5);
    CHECK(loaded.problems[0].column == 30);
}

TEST_CASE("aliases that would fill all memory are refused", "[settings][problems]") {
    std::string yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
    for (int i = 1; i < 9; ++i) {
        const std::string last = "*a" + std::to_string(i - 1);
        yaml += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + last;
        for (int j = 0; j < 9; ++j) yaml += ", " + last;
        yaml += "]\n";
    }
    CHECK(problems_of(yaml) == Lines{"5: not valid YAML: too large once its aliases are resolved"});
}

TEST_CASE("YAML that is nested without end is refused", "[settings][problems]") {
    const Lines problems = problems_of(std::string(100'000, '['));
    REQUIRE(problems.size() == 1);
    CHECK(problems[0].starts_with("1: not valid YAML: "));
}

TEST_CASE("no damage to a file makes it more than a list of problems", "[settings][problems]") {
    std::string whole = kAgent +
                        "  args: [\"{config}\", '${X:-a}']\n  env: &e {A: \"${file:token}\"}\n  health:\n    type: "
                        "http\nx: *e\n<<: {y: 1}\n";
    std::mt19937 random(1);
    const std::string bytes = "{}[]:,-&*<>|\"'$#?! \n\t\\%@`\0~\xFF"s;
    for (int i = 0; i < 3000; ++i) {
        std::string yaml = whole;
        for (std::size_t changes = 1 + random() % 3; changes > 0; --changes) {
            const std::size_t at = random() % yaml.size();
            if (random() % 3 == 0)
                yaml.erase(at, random() % 8);
            else if (random() % 2 == 0)
                yaml[at] = bytes[random() % bytes.size()];
            else
                yaml.insert(at, 1, bytes[random() % bytes.size()]);
        }
        INFO(yaml);
        REQUIRE_NOTHROW(problems_of(yaml));
    }
}
