#include "settings/environment.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>

#include "base/files.hpp"
#include "settings/load.hpp"

namespace fs = std::filesystem;
using settings::PathKind;

namespace {

class Folder {
public:
    Folder() {
        std::string pattern = (fs::temp_directory_path() / "opampd-settings-XXXXXX").string();
        REQUIRE(::mkdtemp(pattern.data()) != nullptr);
        path = pattern;
    }
    ~Folder() {
        std::error_code ignored;
        fs::remove_all(path, ignored);
    }
    fs::path write(const std::string& name, const std::string& content, mode_t mode = 0644) const {
        REQUIRE(base::replace_file(path / name, content, mode));
        return path / name;
    }
    fs::path path;
};

}  // namespace

TEST_CASE("the system's environment sees real files", "[settings][environment]") {
    const Folder folder;
    const auto& environment = settings::system_environment();
    const fs::path plain = folder.write("plain", "x");
    CHECK(environment.look_at(folder.path).kind == PathKind::folder);
    CHECK(environment.look_at(folder.path).executable);
    CHECK(environment.look_at(plain).kind == PathKind::file);
    CHECK(environment.look_at(plain).readable);
    CHECK_FALSE(environment.look_at(plain).executable);
    CHECK(environment.look_at(folder.write("program", "#!/bin/sh\n", 0755)).executable);
    CHECK(environment.look_at(folder.path / "gone").kind == PathKind::missing);
    CHECK(environment.look_at("/dev/null").kind == PathKind::other);
    fs::create_symlink(folder.path, folder.path / "link");
    CHECK(environment.canonical(folder.path / "link" / "x") == environment.canonical(folder.path / "x"));
    CHECK(environment.working_directory() == fs::current_path());
    CHECK_FALSE(environment.variable("OPAMPD_TEST_NO_SUCH_VARIABLE"));
    CHECK(environment.home().is_absolute());
}

TEST_CASE("a file on disk is loaded with its name", "[settings][environment]") {
    const Folder folder;
    const fs::path program = folder.write("agent.sh", "#!/bin/sh\n", 0755);
    const fs::path file =
        folder.write("opampd.yaml", "server: {endpoint: ws://localhost}\nagent:\n  executable: " + program.string() +
                                        "\n  working_directory: " + folder.path.string() + "\n");
    const auto loaded = settings::load(file);
    REQUIRE(loaded);
    CHECK(loaded->problems.empty());
    CHECK(loaded->settings.file == file);
    REQUIRE(loaded->settings.agents.size() == 1);
    CHECK(loaded->settings.agents[0].executable == program);
    CHECK(loaded->settings.agents[0].config_path == folder.path / "effective.yaml");
}

TEST_CASE("a settings file that cannot be read is an error that names it", "[settings][environment]") {
    const Folder folder;
    const auto missing = settings::load(folder.path / "gone.yaml");
    REQUIRE_FALSE(missing);
    CHECK(missing.error().kind() == base::Kind::not_found);
    CHECK(missing.error().text() == "reading '" + (folder.path / "gone.yaml").string() +
                                        "': No such file or directory (give the settings file with --config)");
    CHECK_FALSE(settings::load(folder.path));
    CHECK_FALSE(settings::load(folder.write("huge.yaml", std::string(5u << 20, '#'))));
}
