#include "settings/reference.hpp"
#include "settings/preset_list.hpp"

#include <catch2/catch.hpp>
#include <cctype>
#include <cstdlib>
#include <sstream>

#include "base/files.hpp"
#include "settings/keys.hpp"
#include "settings/load.hpp"
#include "unit/settings/fake_environment.hpp"

namespace {

const std::filesystem::path kSource = OPAMPD_SOURCE_DIR;

/// The file with every commented-out setting switched on: "#key" is one, "# text" is an explanation.
std::string uncommented(const std::string& yaml) {
    std::string text;
    std::istringstream lines(yaml);
    for (std::string line; std::getline(lines, line);) {
        const auto hash = line.find_first_not_of(' ');
        const bool is_setting =
            hash != std::string::npos && line[hash] == '#' && hash + 1 < line.size() && line[hash + 1] != ' ';
        if (is_setting) line.erase(hash, 1);
        text += line + "\n";
    }
    return text;
}

/// Whether `name` stands in `text` as it is, not as a part of a longer name.
bool has_word(const std::string& text, const std::string& name) {
    const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
    for (auto at = text.find(name); at != std::string::npos; at = text.find(name, at + 1)) {
        const auto end = at + name.size();
        if ((at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end]))) return true;
    }
    return false;
}

FakeEnvironment example_machine() {
    FakeEnvironment environment;
    environment.files["/etc/opampd/tenant"] = environment.files["/etc/opampd/client-secret"] = "s3cret\n";
    environment.files["/etc/opampd/ca.pem"] = environment.files["/etc/opampd/config-keys"] =
        environment.files["/etc/opampd/base.yaml"] = "x";
    environment.files["/etc/opampd/client.pem"] = environment.files["/etc/opampd/client.key"] = "x";
    environment.files["/etc/opampd/demo-token"] = "s3cret\n";
    environment.users["demo"] = {999, 999, "demo", "/var/lib/demo", "/bin/sh", {}};
    environment.groups["demo"] = 999;
    environment.root = true;
    environment.folders.insert("/var/lib/demo");
    environment.folders.insert("/etc/opampd/presets");
    environment.programs.insert("/usr/bin/prometheus");
    environment.programs.insert("/usr/bin/promtool");
    environment.programs.insert("/srv/prepare");
    environment.programs.insert("/srv/check-queue");
    environment.programs.insert("/srv/clean-up");
    return environment;
}

std::vector<std::string> problems_of(const std::string& yaml) {
    std::vector<std::string> lines;
    for (const auto& problem : settings::parse(yaml, example_machine(), "opampd.yaml").problems)
        lines.push_back(settings::to_text(problem, "opampd.yaml"));
    return lines;
}

}  // namespace

TEST_CASE("docs/settings.md says what the table of keys says", "[settings][docs]") {
    const auto file = kSource / "docs" / "settings.md";
    const char* update = std::getenv("OPAMPD_UPDATE_DOCS");
    if (update && std::string(update) == "1") {
        REQUIRE(base::make_folder(file.parent_path(), 0755));
        REQUIRE(base::replace_file(file, settings::reference_page(), 0644));
    }
    const auto text = base::read_file(file);
    REQUIRE(text);
    INFO("run this test with OPAMPD_UPDATE_DOCS=1 to write the page anew");
    CHECK((*text == settings::reference_page()));
}

TEST_CASE("docs/preset-list.md says what the built-in presets say", "[settings][docs]") {
    const auto file = kSource / "docs" / "preset-list.md";
    const char* update = std::getenv("OPAMPD_UPDATE_DOCS");
    if (update && std::string(update) == "1") REQUIRE(base::replace_file(file, settings::preset_page(), 0644));
    const auto text = base::read_file(file);
    REQUIRE(text);
    INFO("run this test with OPAMPD_UPDATE_DOCS=1 to write the page anew");
    CHECK((*text == settings::preset_page()));
}

TEST_CASE("the reference page has every key once", "[settings][docs]") {
    const std::string page = settings::reference_page();
    for (const settings::Key& key : settings::keys()) {
        const std::string row = "\n| `" + std::string(key.name) + "` |";
        CAPTURE(row);
        CHECK(page.find(row) != std::string::npos);
        CHECK(page.find(row) == page.rfind(row));
    }
}

TEST_CASE("the reference page shows defaults and types", "[settings][docs]") {
    const std::string page = settings::reference_page();
    for (const std::string row : {
             "| `server.endpoint` | text | **required** |",
             "| `server.heartbeat_interval` | a duration | `30s` |",
             "| `agent.args` | a list of texts | `[--config, \"{config}\"]` |",
             "| `agent.config_path` | a path | `effective.yaml` |",
             "| `agent.config_format` | auto, yaml or raw | `auto` |",
             "| `agent.stop_signal` | a signal | `SIGTERM` |",
             "| `capabilities.accepts_remote_config` | true or false | `true` |",
             "| `agent.custom_capabilities` | a map of names and sections | none |",
             "| `agent.custom_capabilities.command` | a list of texts | **required** |",
             "| `agent.custom_capabilities.max_output` | a size | `1MiB` |",
             "| `telemetry.logs.outputs` | a list of texts | `[stderr]` |",
         }) {
        CAPTURE(row);
        CHECK(page.find(row) != std::string::npos);
    }
}

TEST_CASE("the smallest example is good", "[settings][docs]") {
    const auto text = base::read_file(kSource / "config" / "opampd.minimal.yaml");
    REQUIRE(text);
    CHECK(problems_of(*text) == std::vector<std::string>{});
}

TEST_CASE("the commented example is good, as it is and with everything switched on", "[settings][docs]") {
    const auto text = base::read_file(kSource / "config" / "opampd.yaml");
    REQUIRE(text);
    CHECK(problems_of(*text) == std::vector<std::string>{});
    CHECK(problems_of(uncommented(*text)) == std::vector<std::string>{});
}

TEST_CASE("the commented example names every key", "[settings][docs]") {
    const auto text = base::read_file(kSource / "config" / "opampd.yaml");
    REQUIRE(text);
    for (const settings::Key& key : settings::keys()) {
        const std::string name(key.name.substr(key.name.rfind('.') + 1));
        CAPTURE(key.name);
        CHECK(has_word(*text, name));
    }
}
