#include <catch2/catch.hpp>

#include "config/compose.hpp"

using config::Effective;
using config::Format;
using opamp::ConfigMap;

namespace {

const config::MainFile kMain{"nginx.conf", true};

base::Result<Effective> compose(const std::vector<config::LocalFile>& local, const std::optional<ConfigMap>& remote,
                                const config::MainFile& main = kMain, Format format = Format::automatic) {
    return config::compose_folder(local, remote ? &*remote : nullptr, format, main);
}

std::string error_of(const base::Result<Effective>& result) {
    return result ? "" : result.error().text();
}

}  // namespace

TEST_CASE("in a folder every entry stays a file", "[config][compose]") {
    const auto effective = compose({}, ConfigMap{{"nginx.conf", {"m", ""}},
                                                 {"conf.d/a.conf", {"a", ""}},
                                                 {"conf.d/b.yaml", {"{not yaml", "text/yaml"}}});
    REQUIRE(effective);
    CHECK(effective->main == "m");
    CHECK(effective->beside ==
          std::map<std::string, std::string>{{"conf.d/a.conf", "a"}, {"conf.d/b.yaml", "{not yaml"}});
    CHECK(compose({}, ConfigMap{{"", {"m", ""}}})->main == "m");
}

TEST_CASE("in a folder an entry takes the place of the local file of its name", "[config][compose]") {
    const std::vector<config::LocalFile> local{{"/etc/x/nginx.conf", "local"}, {"/etc/y/mime.types", "types"}};
    CHECK(compose(local, std::nullopt)->main == "local");
    const auto effective = compose(local, ConfigMap{{"", {"remote", ""}}, {"a", {"1", ""}}});
    CHECK(effective->main == "remote");
    CHECK(effective->beside == std::map<std::string, std::string>{{"a", "1"}, {"mime.types", "types"}});
    CHECK(compose(local, ConfigMap{})->main == "local");
}

TEST_CASE("in a folder there may be no main file where nothing needs it", "[config][compose]") {
    const ConfigMap remote{{"a.conf", {"1", ""}}};
    CHECK_FALSE(compose({}, remote, {"main.conf", false})->main);
    CHECK(error_of(compose({}, remote)) == "the config has no entry nginx.conf (give one entry that name, or none)");
    CHECK_FALSE(compose({}, ConfigMap{})->runs);
    CHECK(compose({}, std::nullopt)->runs);
}

TEST_CASE("in a folder names that cannot be are refused", "[config][compose][SEC-1]") {
    const auto error_with = [](const std::string& name) {
        return error_of(compose({}, ConfigMap{{"", {"", ""}}, {name, {"", ""}}}));
    };
    for (const char* name : {"../x", "a/../b", "/etc/passwd", "a//b", "a/", ".hidden", "a/.git/x", "a/b\n"})
        CHECK_THAT(error_with(name), Catch::Contains("cannot be a file name"));
    CHECK_THAT(error_with("1/2/3/4/5/6/7/8/9"), Catch::Contains("is too deep (at most 7 folders)"));
    CHECK_THAT(error_with("nginx.conf"), Catch::Contains("entry nginx.conf is there twice"));
    CHECK_THAT(error_with("nginx.conf/x"), Catch::Contains("needs a folder where entry nginx.conf is a file"));
    CHECK(error_of(compose({}, ConfigMap{{"a", {"", ""}}, {"a-b", {"", ""}}, {"a/b", {"", ""}}, {"", {"", ""}}})) ==
          "entry a/b needs a folder where entry a is a file");
    CHECK_THAT(error_of(compose({{"/x/a", ""}, {"/y/a", ""}}, std::nullopt)),
               Catch::Contains("two local files have the name a"));
}

TEST_CASE("in a folder of YAML every file is checked", "[config][compose]") {
    CHECK_THAT(error_of(compose({}, ConfigMap{{"", {"a: 1", ""}}, {"b", {"a: [", ""}}}, kMain, Format::yaml)),
               Catch::StartsWith("entry b: "));
}
