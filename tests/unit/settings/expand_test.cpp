#include <catch2/catch.hpp>

#include "settings/load.hpp"
#include "unit/settings/fake_environment.hpp"

using namespace std::string_literals;
using Texts = std::vector<std::string>;

namespace {

FakeEnvironment machine() {
    FakeEnvironment environment;
    environment.variables.insert({
        {"X", "value"},
        {"EMPTY", ""},
        {"NUMBER", "12"},
        {"LIST", "[a, 'b c']"},
        {"MAP", "{A: 1, B: \"$${x}\"}"},
        {"INNER", "<${X}>"},
        {"NAME", "X"},
        {"LOOP", "${LOOP}"},
        {"TWICE", "${TWICE}${TWICE}"},
        {"OFF", "false"},
        {"TIME", "3s"},
        {"QUOTED", "\"q\""},
        {"COLON", "a: b: c"},
        {"HASH", "#1"},
        {"SECRET", "s3cret"},
        {"REFERS", "${GONE}"},
        {"ENVIRONMENT", "K: ${X}\nL: ${NUMBER}\n"},
        {"DOLLARS", "a$$b$c"},
        {"DUPLICATE", "{s3cret: 1, s3cret: 2}"},
    });
    environment.files["/srv/env.yaml"] = "FROM_FILE: 1\nOTHER: ${X}\n";
    environment.files["/srv/crlf"] = "token\r\n";
    return environment;
}

settings::Loaded parsed(const std::string& keys) {
    return settings::parse("server: {endpoint: ws://localhost}\nagent:\n  executable: ./demo-service\n" + keys,
                           machine(), "opampd.yaml");
}

Texts problems_of(const std::string& keys) {
    Texts lines;
    for (const auto& problem : parsed(keys).problems) lines.push_back(settings::to_text(problem, "").substr(1));
    return lines;
}

/// What the one argument `text` becomes.
Texts expanded(const std::string& text) {
    auto loaded = parsed("  args:\n    - '" + text + "'\n");
    for (const auto& problem : loaded.problems) FAIL_CHECK(settings::to_text(problem, "opampd.yaml"));
    return loaded.settings.agents.at(0).args;
}

}  // namespace

TEST_CASE("references in a text are replaced by text", "[settings][expand]") {
    struct Row {
        const char* text;
        const char* becomes;
    };
    const auto row = GENERATE(values<Row>({
        {"plain", "plain"},
        {"${X}", "value"},
        {"${env:X}", "value"},
        {"a${X}b${env:X}c", "avaluebvaluec"},
        {"${EMPTY}", ""},
        {"${env:EMPTY:-text}", ""},
        {"${env:GONE:-text}", "text"},
        {"${GONE:-text}", "text"},
        {"${GONE:-}", ""},
        {"${env:GONE:-a:-b}", "a:-b"},
        {"${env:GONE:-{}}", "{}"},
        {"${env:GONE:-${X}}", "value"},
        {"${env:GONE:-${env:GONE2:-deep}}", "deep"},
        {"${env:X:-${GONE}}", "value"},
        {"${NUMBER}", "12"},
        {"${INNER}", "<value>"},
        {"${${NAME}}", "value"},
        {"${env:${NAME}}", "value"},
        {"$X", "$X"},
        {"$REMOTE_CONFIG", "$REMOTE_CONFIG"},
        {"$", "$"},
        {"$$", "$"},
        {"$$X", "$X"},
        {"$${X}", "${X}"},
        {"$$${X}", "$value"},
        {"$$$${X}", "$${X}"},
        {"cost: 5$", "cost: 5$"},
        {"{config}", "{config}"},
        {"${QUOTED}", "\"q\""},
        {"${COLON}", "a: b: c"},
        {"${HASH}", "#1"},
        {"${LIST}!", "[a, ''b c'']!"},
        {"${DOLLARS}", "a$b$c"},
        {"${file:token}", "s3cret"},
        {"${file:/srv/crlf}", "token"},
        {"Bearer ${file:./token}", "Bearer s3cret"},
    }));
    CAPTURE(row.text);
    std::string becomes = row.becomes;
    for (auto at = becomes.find("''"); at != std::string::npos; at = becomes.find("''", at)) becomes.erase(at, 1);
    CHECK(expanded(row.text) == Texts{becomes});
}

TEST_CASE("a value that is one reference is read as YAML", "[settings][expand]") {
    const auto settings = parsed(
        "  args: ${LIST}\n"
        "  stop_timeout: ${TIME}\n"
        "  min_uptime: ${env:GONE:-2s}\n"
        "  env: ${env:MAP}\n"
        "capabilities: {reports_health: \"${env:OFF}\"}\n");
    REQUIRE(settings.problems.empty());
    const settings::Agent& agent = settings.settings.agents.at(0);
    CHECK(agent.args == Texts{"a", "b c"});
    CHECK(agent.stop_timeout == std::chrono::seconds(3));
    CHECK(agent.min_uptime == std::chrono::seconds(2));
    CHECK(agent.env == settings::TextMap{{"A", "1"}, {"B", "${x}"}});
    CHECK_FALSE(settings.settings.capabilities.reports_health);
}

TEST_CASE("a map can come from a file, and refer to variables itself", "[settings][expand]") {
    CHECK(parsed("  env: ${file:env.yaml}\n").settings.agents.at(0).env ==
          settings::TextMap{{"FROM_FILE", "1"}, {"OTHER", "value"}});
    CHECK(parsed("  env: ${ENVIRONMENT}\n").settings.agents.at(0).env ==
          settings::TextMap{{"K", "value"}, {"L", "12"}});
}

TEST_CASE("an empty variable leaves a key that takes no text at its default", "[settings][expand]") {
    const auto loaded =
        parsed("  stop_timeout: ${EMPTY}\n  env: ${EMPTY}\n  args: [a, \"${EMPTY}\"]\n  config_files: ${EMPTY}\n");
    CHECK(loaded.problems.empty());
    CHECK(loaded.settings.agents.at(0).stop_timeout == std::chrono::seconds(10));
    CHECK(loaded.settings.agents.at(0).args == Texts{"a", ""});
}

TEST_CASE("keys are never expanded", "[settings][expand]") {
    CHECK(parsed("  env: {\"${X}\": a}\n").settings.agents.at(0).env == settings::TextMap{{"${X}", "a"}});
}

TEST_CASE("what cannot be expanded is reported with line, key and name", "[settings][expand]") {
    struct Row {
        const char* name;
        std::string keys;
        Texts problems;
    };
    const auto loop = "expands more than 1000 references (does a variable refer to itself?)";
    const std::vector<Row> rows{
        {"not set",
         "  stop_timeout: ${GONE}\n",
         {"4: agent.stop_timeout: environment variable 'GONE' is not set (set it, or give a default: "
          "${env:GONE:-text})"}},
        {"not set, in a text",
         "  args:\n    - a\n    - b${env:GONE}c\n",
         {"6: agent.args: environment variable 'GONE' is not set (set it, or give a default: ${env:GONE:-text})"}},
        {"not set, in a map",
         "  env: {A: \"${GONE}\"}\n",
         {"4: agent.env.A: environment variable 'GONE' is not set (set it, or give a default: ${env:GONE:-text})"}},
        {"a required one", "  executable: x\n", {"4: agent.executable: is given twice, first on line 3 (keep one)"}},
        {"not set, in a default",
         "  args: [\"${GONE:-${GONE2}}\"]\n",
         {"4: agent.args: environment variable 'GONE2' is not set (set it, or give a default: ${env:GONE2:-text})"}},
        {"a bad name",
         "  args: [\"${NO-PE}\"]\n",
         {"4: agent.args: 'NO-PE' cannot be the name of an environment variable (letters, digits and _)"}},
        {"no name",
         "  args: [\"${}\"]\n",
         {"4: agent.args: '' cannot be the name of an environment variable (letters, digits and _)"}},
        {"an unknown scheme",
         "  args: [\"${abc:X}\"]\n",
         {"4: agent.args: '${abc:…}' is not known (write ${env:NAME} or ${file:PATH})"}},
        {"no end", "  args: [\"a${X\"]\n", {"4: agent.args: '${' has no '}' (write $${ for a plain ${)"}},
        {"a missing file",
         "  args: [\"${file:gone}\"]\n",
         {"4: agent.args: cannot expand '${file:gone}': reading '/srv/gone': No such file or directory"}},
        {"itself", "  args: [\"${LOOP}\"]\n", {"4: agent.args: "s + loop}},
        {"itself, twice", "  args: [\"${TWICE}\"]\n", {"4: agent.args: "s + loop}},
    };
    for (const Row& row : rows) {
        INFO(row.name);
        CHECK(problems_of(row.keys) == row.problems);
    }
}

TEST_CASE("what came in from outside is not shown in problems", "[settings][expand][secrets]") {
    struct Row {
        const char* name;
        std::string keys;
        Texts problems;
    };
    const std::vector<Row> rows{
        {"a value",
         "  stop_timeout: ${SECRET}\n",
         {"4: agent.stop_timeout: '${SECRET}' is not a duration (write 500ms, 10s or 5m)"}},
        {"a value from a file",
         "  stop_signal: ${file:token}\n",
         {"4: agent.stop_signal: '${file:token}' is not a signal (write a name such as SIGTERM, or its number)"}},
        {"a path",
         "  working_directory: /x/${SECRET}\n",
         {"4: agent.working_directory: '/x/${SECRET}' does not exist (create it)"}},
        {"a name of a variable",
         "  args: [\"${${SECRET}}\"]\n",
         {"4: agent.args: a '${…}' inside an expanded value leads to an environment variable that is not set"}},
        {"a reference in a value",
         "  args: [\"${REFERS}\"]\n",
         {"4: agent.args: a '${…}' inside an expanded value leads to an environment variable that is not set"}},
        {"a file's name",
         "  args: [\"${file:${SECRET}}\"]\n",
         {"4: agent.args: a '${…}' inside an expanded value leads to a file that cannot be read"}},
        {"an unknown key",
         "  restart: \"${env:GONE:-{s3cret: 1}}\"\n",
         {"4: agent.restart: an expanded value has an unknown key (known here: policy, crash_loop_after, "
          "initial_backoff, max_backoff, "
          "reset_after)"}},
        {"a key twice", "  env: ${DUPLICATE}\n", {"4: agent.env: is given twice, first on line 4 (keep one)"}},
        {"a text as section",
         "  restart: ${SECRET}\n",
         {"4: agent.restart: is not a map (write the keys of this section below it, indented)"}},
    };
    for (const Row& row : rows) {
        INFO(row.name);
        CHECK(problems_of(row.keys) == row.problems);
    }
}

TEST_CASE("the arguments are kept as they are written", "[settings][expand][secrets]") {
    CHECK(parsed("  args: [--token, \"${SECRET}\", \"a$$b\"]\n").settings.agents.at(0).args_as_written ==
          Texts{"--token", "${SECRET}", "a$$b"});
    CHECK(parsed("  args: ${LIST}\n").settings.agents.at(0).args_as_written == Texts{"${LIST}"});
    CHECK(parsed("  args: ${EMPTY}\n").settings.agents.at(0).args_as_written.empty());
}
