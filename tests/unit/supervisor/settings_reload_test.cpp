#include "supervisor/settings_reload.hpp"

#include <catch2/catch.hpp>

#include "settings/load.hpp"
#include "support/temp_folder.hpp"

namespace {

using Names = std::vector<std::string>;

const std::string kServer = "server: {endpoint: \"ws://127.0.0.1:9/v1/opamp\"}\n";
const std::string kAgent = "agent: {executable: /bin/true}\n";

struct Running {
    support::TempFolder folder;
    std::filesystem::path file = folder.path() / "opampd.yaml";
    settings::Settings settings;

    explicit Running(const std::string& yaml) {
        support::write(file, yaml);
        auto loaded = settings::load(file);
        REQUIRE(loaded);
        REQUIRE(loaded->problems.empty());
        settings = std::move(loaded->settings);
    }
    supervisor::SettingsReload reload(const std::string& yaml) const {
        support::write(file, yaml);
        return supervisor::read_again(settings, [](const char*) { return std::string(); });
    }
};

}  // namespace

TEST_CASE("the section telemetry counts at once, and nothing of it waits", "[supervisor][reload]") {
    const Running running(kServer + kAgent);
    const auto reload = running.reload(
        kServer + kAgent +
        "telemetry: {endpoint: \"http://127.0.0.1:4318\", traces: {sampler: always_off}, resource: {a: b}}\n");
    CHECK(reload.mistakes == Names());
    CHECK(reload.at_next_start == Names());
    CHECK(reload.telemetry.destinations.size() == 3);
    CHECK(reload.telemetry.sampler.kind == telemetry::SamplerSettings::Kind::always_off);
}

TEST_CASE("what waits for the next start is named, opampd's own log with it", "[supervisor][reload]") {
    const Running running(kServer + kAgent);
    const auto reload = running.reload(kServer +
                                       "agent: {executable: /bin/true, args: []}\n"
                                       "telemetry: {logs: {level: debug, output_paths: [stdout], agent_output: true}}\n"
                                       "healthcheck: {endpoint: \"127.0.0.1:13134\"}\n");
    CHECK(reload.at_next_start ==
          Names{"telemetry.logs.level", "telemetry.logs.outputs", "healthcheck.endpoint", "agent.args"});
    CHECK(reload.telemetry.sends_agent_output);
}

TEST_CASE("all mistakes of a file are told, and nothing else", "[supervisor][reload]") {
    const Running running(kServer + kAgent);
    const auto reload =
        running.reload(kServer + kAgent + "telemetry: {endpoint: \"ftp://x\", traces: {sampler: sometimes}}\n");
    REQUIRE(reload.mistakes.size() == 2);
    CHECK_THAT(reload.mistakes[0], Catch::Contains("opampd.yaml:3: telemetry.endpoint: "));
    CHECK_THAT(reload.mistakes[1], Catch::Contains("opampd.yaml:3: telemetry.traces.sampler: "));
    CHECK(reload.telemetry.destinations.empty());
}

TEST_CASE("rules that a start would refuse are mistakes too", "[supervisor][reload]") {
    const Running running(kServer + kAgent);
    const auto keys = running.folder.path() / "keys.pub";
    support::write(keys, "no key\n");
    const auto reload = running.reload(
        kServer + "agent: {executable: /bin/true, remote_config: {require_signature: true, public_keys: [" +
        keys.string() + "]}}\n");
    REQUIRE(reload.mistakes.size() == 1);
    CHECK_THAT(reload.mistakes[0], Catch::Contains("keys.pub"));
}

TEST_CASE("a file that is gone is a mistake", "[supervisor][reload]") {
    const Running running(kServer + kAgent);
    std::filesystem::remove(running.file);
    const auto reload = supervisor::read_again(running.settings, [](const char*) { return std::string(); });
    REQUIRE(reload.mistakes.size() == 1);
    CHECK_THAT(reload.mistakes[0], Catch::Contains("opampd.yaml"));
}
