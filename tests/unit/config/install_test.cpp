#include "config/install.hpp"

#include <catch2/catch.hpp>

#include "support/temp_folder.hpp"

using config::Effective;
using config::install;
using config::Installed;

TEST_CASE("the agent's files follow its config", "[config][install]") {
    support::TempFolder folder;
    const auto path = folder / "effective.yaml";
    const Effective none{true, {}, {}};
    const Effective first{true, "a: 1\n", {{"x.txt", "1"}, {"y.txt", "1"}}};
    const Effective second{true, "a: 2\n", {{"y.txt", "2"}}};
    REQUIRE(install(first, {}, path));
    CHECK(support::read(path) == "a: 1\n");
    CHECK(support::read(folder / "x.txt") == "1");
    REQUIRE(install(second, Installed(first), path));
    CHECK(support::read(path) == "a: 2\n");
    CHECK(support::read(folder / "y.txt") == "2");
    CHECK_FALSE(std::filesystem::exists(folder / "x.txt"));
    REQUIRE(install(none, Installed(second), path));
    CHECK_FALSE(std::filesystem::exists(path));
    CHECK(std::filesystem::is_empty(folder.path()));
}

TEST_CASE("a file that is not of ours is left alone", "[config][install]") {
    support::TempFolder folder;
    support::write(folder / "effective.yaml", "mine");
    REQUIRE(install({true, {}, {}}, {}, folder / "effective.yaml"));
    CHECK(support::read(folder / "effective.yaml") == "mine");
}

TEST_CASE("an entry never replaces a file that no offer made", "[config][install][SEC-1]") {
    support::TempFolder folder;
    const Effective before{true, "a: 1\n", {}};
    REQUIRE(install(before, {}, folder / "effective.yaml"));
    support::write(folder / "demo-service", "program");
    const auto refused =
        install({true, "a: 2\n", {{"demo-service", "evil"}}}, Installed(before), folder / "effective.yaml");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().message().find("exists and is not from an earlier offer") != std::string::npos);
    CHECK(support::read(folder / "demo-service") == "program");
    CHECK(support::read(folder / "effective.yaml") == "a: 1\n");

    std::filesystem::create_symlink("/dev/null", folder / "link");
    CHECK_FALSE(install({true, "a: 2\n", {{"link", "evil"}}}, Installed(before), folder / "effective.yaml"));
    CHECK_FALSE(install({true, "a: 2\n", {{"effective.yaml", "evil"}}}, Installed(before), folder / "effective.yaml"));
}

TEST_CASE("a file that has its content already is not written again", "[config][install]") {
    support::TempFolder folder;
    const Effective config{true, "a: 1\n", {{"x", "1"}}};
    REQUIRE(install(config, {}, folder / "effective.yaml"));
    const auto before = std::filesystem::last_write_time(folder / "effective.yaml");
    REQUIRE(install(config, {}, folder / "effective.yaml"));
    CHECK(std::filesystem::last_write_time(folder / "effective.yaml") == before);
}

TEST_CASE("a taken name is known before anything is touched", "[config][install][SEC-1]") {
    support::TempFolder folder;
    support::write(folder / "supervisor.yaml", "ours");
    CHECK_FALSE(config::check_names({true, "a: 2\n", {{"supervisor.yaml", "evil"}}}, {}, folder / "effective.yaml"));
    CHECK(config::check_names({true, "a: 2\n", {{"rules.txt", "fine"}}}, {}, folder / "effective.yaml"));
}

TEST_CASE("where one file cannot be written, none is replaced", "[config][install]") {
    support::TempFolder folder;
    const auto path = folder / "effective.yaml";
    const Effective before{true, "a: 1\n", {{"x.txt", "1"}, {"old.txt", "1"}}};
    const Effective after{true, "a: 2\n", {{"x.txt", "2"}, {"new.txt", "2"}}};
    REQUIRE(install(before, {}, path));
    std::filesystem::create_directory(folder / ".effective.yaml.new");
    const auto failed = install(after, Installed(before), path);
    REQUIRE_FALSE(failed);
    CHECK(failed.error().text().find(path.string()) != std::string::npos);
    for (const char* name : {"x.txt", "old.txt"}) CHECK(support::read(folder / name) == "1");
    CHECK(support::read(path) == "a: 1\n");
    for (const char* name : {"new.txt", ".new.txt.new", ".x.txt.new"})
        CHECK_FALSE(std::filesystem::exists(folder / name));
}

TEST_CASE("files may be in folders, which come and go with them", "[config][install]") {
    support::TempFolder folder;
    const auto path = folder / "nginx.conf";
    const Effective first{true, "m", {{"conf.d/a", "1"}, {"conf.d/deep/b", "1"}, {"x", "1"}}};
    const Effective second{true, "m", {{"conf.d", "a file now"}, {"x/y", "and a folder"}}};
    REQUIRE(install(first, {}, path));
    CHECK(support::read(folder / "conf.d" / "deep" / "b") == "1");
    REQUIRE(install(second, Installed(first), path));
    CHECK(support::read(folder / "conf.d") == "a file now");
    CHECK(support::read(folder / "x" / "y") == "and a folder");
    REQUIRE(install(first, Installed(second), path));
    CHECK(support::read(folder / "conf.d" / "a") == "1");
    support::write(folder / "conf.d" / "mine", "1");
    REQUIRE(install({true, {}, {}}, Installed(first), path));
    CHECK(support::read(folder / "conf.d" / "mine") == "1");
    CHECK_FALSE(std::filesystem::exists(folder / "conf.d" / "deep"));
    CHECK_FALSE(std::filesystem::exists(folder / "x"));
}

TEST_CASE("no folder of an entry leads out of the config's", "[config][install][SEC-1]") {
    support::TempFolder folder, elsewhere;
    std::filesystem::create_directory_symlink(elsewhere.path(), folder / "link");
    support::write(folder / "file", "program");
    for (const char* name : {"link/x", "file/x"}) {
        const auto refused = install({true, "m", {{name, "evil"}}}, {}, folder / "nginx.conf");
        REQUIRE_FALSE(refused);
        CHECK(refused.error().message().find("exists and is not from an earlier offer") != std::string::npos);
    }
    CHECK(std::filesystem::is_empty(elsewhere.path()));
}
