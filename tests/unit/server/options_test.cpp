#include "server/options.hpp"

#include <catch2/catch.hpp>
#include <fstream>

namespace {

base::Result<server::Options> parse(const std::vector<std::string>& arguments,
                                    const std::map<std::string, std::string>& environment = {{"HOME", "/home/a"}}) {
    return server::parse_options(arguments, [&](const char* name) {
        const auto found = environment.find(name);
        return found == environment.end() ? std::string() : found->second;
    });
}

}  // namespace

TEST_CASE("without arguments the server listens on loopback", "[server][options][SRV-GEN-2]") {
    const auto options = parse({});
    REQUIRE(options);
    CHECK(options->opamp_listen == "127.0.0.1:4320");
    CHECK(options->page_listen == "127.0.0.1:4321");
    CHECK(options->path == "/v1/opamp");
    CHECK(options->log_level == base::log::Level::info);
}

TEST_CASE("where the state is kept", "[server][options]") {
    CHECK(parse({})->state == "/home/a/.local/state/opamp-server/server.db");
    CHECK(parse({}, {{"HOME", "/home/a"}, {"XDG_STATE_HOME", "/x"}})->state == "/x/opamp-server/server.db");
    CHECK(parse({}, {{"STATE_DIRECTORY", "/var/lib/opamp:/other"}, {"XDG_STATE_HOME", "/x"}})->state ==
          "/var/lib/opamp/server.db");
    CHECK(parse({"--state", ":memory:"}, {})->state == ":memory:");
    CHECK_FALSE(parse({}, {}));
    CHECK(parse({"--help"}, {})->shows_help);
}

TEST_CASE("flags take their value as the next argument or behind =", "[server][options]") {
    const auto options =
        parse({"--opamp-listen", "0.0.0.0:1", "--page-listen=[::1]:0", "--path", "/x", "--log-level=debug"});
    REQUIRE(options);
    CHECK(options->opamp_listen == "0.0.0.0:1");
    CHECK(options->page_listen == "[::1]:0");
    CHECK(options->path == "/x");
    CHECK(options->log_level == base::log::Level::debug);
}

TEST_CASE("a wrong argument is named", "[server][options]") {
    struct Row {
        std::vector<std::string> arguments;
        const char* text;
    };
    const auto row = GENERATE(values<Row>({
        {{"--opamp"}, "unknown argument '--opamp'"},
        {{"file"}, "unknown argument 'file'"},
        {{"--path"}, "--path needs a value"},
        {{"--path", "v1"}, "--path: 'v1' is not a path"},
        {{"--version=1"}, "--version takes no value"},
        {{"--page-listen", "4321"}, "--page-listen: '4321' is not ADDR:PORT"},
        {{"--opamp-listen", "example:80"}, "--opamp-listen: 'example:80' is not ADDR:PORT"},
        {{"--opamp-listen", "::1:80"}, "--opamp-listen: '::1:80' is not ADDR:PORT"},
        {{"--log-level", "loud"}, "--log-level: 'loud' is not a level"},
        {{"--state="}, "--state: the file's name is empty"},
    }));
    const auto options = parse(row.arguments);
    REQUIRE_FALSE(options);
    CHECK_THAT(options.error().text(), Catch::StartsWith(row.text));
}

TEST_CASE("limits, destinations and files", "[server][options][SRV-WS-8][SRV-HTTP-7]") {
    const auto defaults = parse({});
    CHECK(defaults->receive_limit == 64u << 20);
    CHECK(defaults->send_limit == 64u << 20);
    CHECK(defaults->certificate_lifetime == std::chrono::hours(720));
    const auto options =
        parse({"--receive-limit=64KiB", "--send-limit", "4096", "--own-metrics", "https://h/v1/metrics", "--token-file",
               "t", "--ca-cert", "c", "--ca-key", "k", "--certificate-lifetime=1h", "--endpoint", "wss://h/v1/opamp"});
    REQUIRE(options);
    CHECK(options->receive_limit == 64u << 10);
    CHECK(options->send_limit == 4096);
    CHECK(options->own_metrics == "https://h/v1/metrics");
    CHECK(options->token_file == "t");
    CHECK(options->certificate_lifetime == std::chrono::hours(1));
    CHECK(options->endpoint == "wss://h/v1/opamp");
    for (const auto& wrong : std::vector<std::vector<std::string>>{{"--receive-limit", "0"},
                                                                   {"--send-limit", "many"},
                                                                   {"--own-logs", "https://h"},
                                                                   {"--own-traces", "ws://h/x"},
                                                                   {"--endpoint", "ftp://h"},
                                                                   {"--token-file="},
                                                                   {"--certificate-lifetime", "30"},
                                                                   {"--ca-cert", "c"}})
        CHECK_FALSE(parse(wrong));
}

TEST_CASE("how much telemetry is kept, and where", "[server][options]") {
    const auto defaults = parse({});
    CHECK(defaults->telemetry.spans == 100'000);
    CHECK(server::telemetry_file(*defaults) == "/home/a/.local/state/opamp-server/server.db.telemetry");
    CHECK(server::telemetry_file(*parse({"--state", ":memory:"})) == ":memory:");
    const auto options = parse({"--telemetry-max-spans=0", "--telemetry-max-log-records", "5",
                                "--telemetry-max-series=6", "--telemetry-max-size=1MiB"});
    REQUIRE(options);
    CHECK(options->telemetry.spans == 0);
    CHECK(options->telemetry.log_records == 5);
    CHECK(options->telemetry.series == 6);
    CHECK(options->telemetry.bytes == 1 << 20);
    CHECK_FALSE(parse({"--telemetry-max-spans=-1"}));
    CHECK_FALSE(parse({"--telemetry-max-series=many"}));
    CHECK_FALSE(parse({"--telemetry-max-size=0"}));
}

TEST_CASE("docs/server.md shows the flags as the program does", "[server][options][reference]") {
    std::ifstream file(OPAMPD_SOURCE_DIR "/docs/server.md");
    const std::string document{std::istreambuf_iterator<char>(file), {}};
    CHECK_THAT(document, Catch::Contains("```text\n" + server::help_text() + "```"));
}
