#include "ctl/options.hpp"

#include <catch2/catch.hpp>

#include "support/temp_folder.hpp"

using control::Command;
using ctl::parse_options;

TEST_CASE("each command is what it asks for", "[ctl][options]") {
    struct Row {
        std::vector<std::string> arguments;
        control::Request request;
    };
    const auto row = GENERATE(values<Row>({
        {{"status"}, {Command::status, "", "", "", "", false}},
        {{"show", "web"}, {Command::show, "web", "", "", "", false}},
        {{"restart", "web"}, {Command::restart, "web", "", "", "", false}},
        {{"stop", "web"}, {Command::stop, "web", "", "", "", false}},
        {{"start", "web"}, {Command::start, "web", "", "", "", false}},
        {{"reload"}, {Command::reload, "", "", "", "", false}},
        {{"telemetry"}, {Command::telemetry, "", "", "", "", false}},
        {{"telemetry", "web"}, {Command::telemetry, "web", "", "", "", false}},
        {{"telemetry", "sampler", "web", "always_off"}, {Command::sampler, "web", "", "", "", false, "always_off"}},
        {{"telemetry", "sampler", "web", "traceidratio", "0.1"},
         {Command::sampler, "web", "", "", "", false, "traceidratio 0.1"}},
        {{"logs"}, {Command::logs, "", "", "", "", false}},
        {{"logs", "web", "-f", "-n", "20"}, {Command::logs, "web", "", "", "", false, "", 20, true}},
        {{"logs", "--follow", "--lines=0"}, {Command::logs, "", "", "", "", false, "", 0, true}},
        {{"config", "rollback", "web"}, {Command::rollback, "web", "", "", "", false}},
        {{"config", "rollback", "web", "3"}, {Command::rollback, "web", "3", "", "", false}},
        {{"config", "retry", "web", "0a1b"}, {Command::retry, "web", "", "", "0a1b", false}},
        {{"config", "history", "web"}, {Command::history, "web", "", "", "", false}},
        {{"config", "show", "web"}, {Command::config_show, "web", "", "", "", false}},
        {{"config", "show", "web", "7", "--remote"}, {Command::config_show, "web", "7", "", "", true}},
        {{"config", "diff", "web", "7", "last-good"}, {Command::config_diff, "web", "7", "last-good", "", false}},
    }));
    const auto options = parse_options(row.arguments);
    REQUIRE(options);
    REQUIRE(options->request);
    CHECK(*options->request == row.request);
    CHECK_FALSE(options->offline);
}

TEST_CASE("flags stand anywhere and have their value in either form", "[ctl][options]") {
    for (const std::vector<std::string>& arguments :
         {std::vector<std::string>{"--json", "--socket", "/s", "status"}, {"status", "--socket=/s", "--json"}}) {
        const auto options = parse_options(arguments);
        REQUIRE(options);
        CHECK(options->json);
        CHECK(options->socket == "/s");
    }
    CHECK(parse_options({"--help"})->shows_help);
    CHECK(parse_options({"config", "-h"})->shows_help);
    CHECK(parse_options({"nonsense", "--version"})->shows_version);
}

TEST_CASE("what is wrong with a command line is said, with what to write", "[ctl][options]") {
    struct Row {
        std::vector<std::string> arguments;
        const char* fault;
    };
    const auto row = GENERATE(values<Row>({
        {{}, "a command is missing (see opampctl --help)"},
        {{"config"}, "config needs one more word, such as history or diff (see opampctl --help)"},
        {{"stauts"}, "unknown command 'stauts' (see opampctl --help)"},
        {{"config", "list"}, "unknown command 'config list' (see opampctl --help)"},
        {{"show"}, "'show' needs more than that: write opampctl show AGENT (see opampctl --help)"},
        {{"restart", "a", "b"},
         "too much for 'restart', from 'b' on: write opampctl restart AGENT (see opampctl --help)"},
        {{"reload", "web"}, "too much for 'reload', from 'web' on: write opampctl reload (see opampctl --help)"},
        {{"telemetry", "a", "b"},
         "too much for 'telemetry', from 'b' on: write opampctl telemetry [AGENT] (see opampctl --help)"},
        {{"telemetry", "sampler", "a"},
         "'telemetry sampler' needs more than that: write opampctl telemetry sampler AGENT SAMPLER (see opampctl "
         "--help)"},
        {{"status", "--jsno"}, "unknown flag '--jsno' (see opampctl --help)"},
        {{"status", "--json=1"}, "--json takes no value (see opampctl --help)"},
        {{"status", "--socket"}, "--socket needs a value: --socket PATH (see opampctl --help)"},
        {{"status", "--remote"}, "--remote is only for 'config show' (see opampctl --help)"},
        {{"status", "-f"}, "--follow is only for 'logs' (see opampctl --help)"},
        {{"logs", "-n"}, "--lines needs a value: --lines N (see opampctl --help)"},
        {{"logs", "-n", "-1"}, "--lines needs a number up to 10000000, not '-1' (see opampctl --help)"},
        {{"logs", "-n", "all"}, "--lines needs a number up to 10000000, not 'all' (see opampctl --help)"},
        {{"config", "sign", "a"}, "config sign needs --key FILE (see opampctl --help)"},
    }));
    const auto options = parse_options(row.arguments);
    REQUIRE_FALSE(options);
    CHECK(options.error().text() == row.fault);
}

TEST_CASE("docs/opampctl.md shows the help as the program does", "[ctl][options][reference]") {
    const std::string document = support::read(OPAMPD_SOURCE_DIR "/docs/opampctl.md");
    CHECK_THAT(document, Catch::Contains("```text\n" + ctl::help_text() + "```"));
}
