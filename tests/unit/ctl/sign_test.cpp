#include "ctl/sign.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>

#include "support/temp_folder.hpp"

using base::Kind;
using support::TempFolder;

namespace {

opamp::ConfigMap signed_entries(const TempFolder& folder, const std::vector<std::string>& operands) {
    auto entries = ctl::read_entries(operands);
    REQUIRE(entries);
    auto with_signature = ctl::sign_entries(std::move(*entries), {7, {}, 2000000000}, folder / "key");
    REQUIRE(with_signature);
    return std::move(*with_signature);
}

}  // namespace

TEST_CASE("what is signed with a new key is trusted by its public file", "[ctl][sign]") {
    TempFolder folder;
    const auto made = ctl::make_key(folder / "key", "of the test");
    REQUIRE(made);
    std::filesystem::create_directory(folder / "config");
    support::write(folder / "config/main.yaml", "a: 1\n");
    support::write(folder / "config/rules.txt", "deny\n");
    support::write(folder / "config/opampd.signature", "of before");
    support::write(folder / "config/.hidden", "not an entry");

    const auto entries = signed_entries(folder, {folder / "config"});
    CHECK(entries.size() == 3);
    CHECK(entries.at("main.yaml").content_type == "text/yaml");
    CHECK(entries.at("rules.txt").content_type == "");
    const auto keys = config::parse_public_keys(support::read(folder / "key.pub"));
    REQUIRE(keys);
    const auto verified = config::verify(entries, {*keys, 1900000000, {}});
    REQUIRE(verified);
    CHECK(verified->header.serial == 7);
    CHECK(verified->files.size() == 2);
    auto changed = entries;
    changed["main.yaml"].body = "a: 2\n";
    CHECK_FALSE(config::verify(changed, {*keys, 1900000000, {}}));
}

TEST_CASE("the secret key is private, and no key is replaced", "[ctl][sign]") {
    TempFolder folder;
    REQUIRE(ctl::make_key(folder / "key", ""));
    struct stat info {};
    REQUIRE(::stat((folder / "key").c_str(), &info) == 0);
    CHECK((info.st_mode & 0777) == 0600);
    const std::string secret = support::read(folder / "key");
    const auto again = ctl::make_key(folder / "key", "");
    REQUIRE_FALSE(again);
    CHECK(again.error().kind() == Kind::refused);
    CHECK(support::read(folder / "key") == secret);

    std::filesystem::remove(folder / "key.pub");
    CHECK_FALSE(ctl::make_key(folder / "key", ""));
    CHECK_FALSE(std::filesystem::exists(folder / "key.pub"));
    CHECK_FALSE(ctl::make_key(folder / "other", "two\nlines"));
}

TEST_CASE("a key that others may read is not used", "[ctl][sign]") {
    TempFolder folder;
    REQUIRE(ctl::make_key(folder / "key", ""));
    ::chmod((folder / "key").c_str(), 0640);
    const auto refused = ctl::sign_entries({}, {}, folder / "key");
    REQUIRE_FALSE(refused);
    CHECK(refused.error().kind() == Kind::refused);
    CHECK(ctl::sign_entries({}, {}, folder / "none").error().kind() == Kind::not_found);
}

TEST_CASE("entries have the names that are given", "[ctl][sign]") {
    TempFolder folder;
    support::write(folder / "a.json", "{}");
    const std::string file = folder / "a.json";
    const auto entries = ctl::read_entries({"=" + file, "other=" + file});
    REQUIRE(entries);
    CHECK(entries->at("").content_type == "application/json");
    CHECK(entries->contains("other"));
    CHECK(ctl::read_entries({file, file}).error().kind() == Kind::invalid);
    CHECK(ctl::read_entries({folder / "missing"}).error().kind() == Kind::not_found);
    std::filesystem::create_directory(folder / "empty");
    CHECK(ctl::read_entries({folder / "empty"}).error().kind() == Kind::invalid);
}

TEST_CASE("times of a signature are seconds or dates in UTC", "[ctl][sign]") {
    CHECK(*ctl::parse_time("1900000000") == 1900000000);
    CHECK(*ctl::parse_time("1970-01-02") == 86400);
    CHECK(*ctl::parse_time("1970-01-01T00:01:00Z") == 60);
    for (const char* text : {"", "tomorrow", "1970-01-01T00:01:00", "1970-13-01", "1960-01-01", "-5"})
        CHECK_FALSE(ctl::parse_time(text));
    CHECK(ctl::parse_header("18446744073709551615", "", "")->serial == 18446744073709551615ull);
    CHECK_FALSE(ctl::parse_header("seven", "", ""));
    CHECK_FALSE(ctl::parse_header("", "2", "1"));
}
