#include "config/own_telemetry_files.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "support/temp_folder.hpp"

using config::OwnTelemetry;
using config::OwnTelemetryFiles;
using config::Variables;

namespace {

const OwnTelemetry kOne{{{"A", "x=1 2"}, {"B", ""}}, {{"C", "PEM\n"}}};

mode_t mode_of(const std::filesystem::path& path) {
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    return info.st_mode & 0777;
}

std::size_t entries(const std::filesystem::path& folder) {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("variables are the same by name, value and kind", "[config][own_telemetry]") {
    CHECK(config::hash({}).empty());
    const std::vector<OwnTelemetry> different{
        kOne, {{{"A", "1"}}, {}}, {{{"A", "2"}}, {}}, {{{"B", "1"}}, {}}, {{}, {{"A", "1"}}}};
    for (const auto& a : different)
        for (const auto& b : different) CHECK((hash(a) == hash(b)) == (a == b));
    CHECK(config::changed_names({{{"A", "1"}, {"B", "1"}, {"C", "1"}}, {{"F", "1"}}},
                                {{{"A", "1"}, {"B", "2"}, {"D", "1"}}, {}}) ==
          std::vector<std::string>{"B", "C", "D", "F"});
}

TEST_CASE("variables as lines", "[config][own_telemetry]") {
    CHECK(config::parse_variables(config::format(kOne.variables)) == kOne.variables);
    CHECK(config::parse_variables("") == Variables{});
    for (const char* damaged : {"A=1", "A\n", "A=1\nB\nC=1\n", "\n"}) CHECK_FALSE(config::parse_variables(damaged));
}

TEST_CASE("a set of variables comes back as it was stored, for nobody else to read", "[config][own_telemetry]") {
    support::TempFolder folder;
    OwnTelemetryFiles files(folder / "own");
    const auto hash = files.store(kOne);
    REQUIRE(hash);
    CHECK(*files.load(*hash) == kOne);
    CHECK(files.load("")->empty());
    const auto variables = files.variables_of(*hash);
    REQUIRE(variables);
    CHECK(variables->at("A") == "x=1 2");
    CHECK(support::read(variables->at("C")) == "PEM\n");
    CHECK(mode_of(variables->at("C")) == 0600);
    CHECK(mode_of(folder / "own") == 0700);
    CHECK(mode_of(files.path_of(*hash)) == 0700);
    CHECK(mode_of(files.path_of(*hash) / "variables") == 0600);
    CHECK(*files.store(kOne) == *hash);
    CHECK(entries(folder / "own") == 1);
    CHECK_FALSE(files.load(config::hash({{{"Z", ""}}, {}})));
}

TEST_CASE("a set of variables that is damaged is refused, and stored anew", "[config][own_telemetry]") {
    support::TempFolder folder;
    OwnTelemetryFiles files(folder / "own");
    const auto hash = *files.store(kOne);
    const auto file = GENERATE("variables", "C", "more");
    support::write(files.path_of(hash) / file, "A=3\n");
    const auto damaged = files.load(hash);
    REQUIRE_FALSE(damaged);
    CHECK(damaged.error().kind() == base::Kind::invalid);
    CHECK(damaged.error().text().find("A=3") == std::string::npos);
    REQUIRE(files.store(kOne));
    CHECK(*files.load(hash) == kOne);
}

TEST_CASE("sets of variables that nobody has are removed", "[config][own_telemetry]") {
    support::TempFolder folder;
    OwnTelemetryFiles files(folder / "own");
    files.keep_only({});
    CHECK_FALSE(std::filesystem::exists(folder / "own"));
    const auto one = *files.store(kOne), other = *files.store({{{"A", "other"}}, {}});
    std::filesystem::create_directory(folder / "own" / ".left");
    files.keep_only({other});
    CHECK_FALSE(files.load(one));
    CHECK(files.load(other));
    CHECK(entries(folder / "own") == 1);
}
