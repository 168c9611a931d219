#include "config/revisions.hpp"

#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <set>

#include "base/bytes.hpp"
#include "support/temp_folder.hpp"

using config::Effective;
using config::RevisionStore;
using support::TempFolder;

namespace {

const opamp::RemoteConfig kOffer{{{"", {"a: 1\n", "text/yaml"}}, {"x", {std::string("\0\xFF", 2), ""}}},
                                 std::string("\x01\0\xFE", 3)};

RevisionStore open(const TempFolder& folder) {
    auto store = RevisionStore::open(folder.path());
    REQUIRE(store);
    return std::move(*store);
}

config::Revision add(RevisionStore& store, const std::string& main, const opamp::RemoteConfig* remote = &kOffer) {
    auto revision = store.add({true, main, {}}, remote);
    REQUIRE(revision);
    return *revision;
}

std::set<std::uint64_t> ids(const RevisionStore& store) {
    std::set<std::uint64_t> ids;
    for (const auto& [id, revision] : store.all()) ids.insert(id);
    return ids;
}

std::size_t folders(const std::filesystem::path& path) {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(path)) count += entry.is_directory();
    return count;
}

mode_t mode_of(const std::filesystem::path& path) {
    struct stat info {};
    REQUIRE(::stat(path.c_str(), &info) == 0);
    return info.st_mode & 0777;
}

}  // namespace

TEST_CASE("a revision comes back as it was stored", "[config][revisions]") {
    TempFolder folder;
    const Effective effective{true, "a: 1\n", {{"rules.txt", "r"}}};
    {
        RevisionStore store = open(folder);
        const auto revision = store.add(effective, &kOffer);
        REQUIRE(revision);
        REQUIRE(store.set_current(revision->id));
        REQUIRE(store.set_last_good(revision->id));
        REQUIRE(store.set_status({kOffer.hash, opamp::ConfigStatus::failed, "line one\nline two: \xFF"}));
    }
    const RevisionStore store = open(folder);
    CHECK(store.notes().empty());
    REQUIRE(store.current());
    CHECK(store.current() == store.last_good());
    CHECK(*store.load(*store.current()) == effective);
    CHECK(*store.load_remote(*store.current()) == kOffer);
    CHECK(store.find_offer(kOffer.hash) == store.current());
    CHECK(store.status() ==
          opamp::RemoteConfigStatus{kOffer.hash, opamp::ConfigStatus::failed, "line one\nline two: \xFF"});
    CHECK(store.base() == nullptr);
}

TEST_CASE("nothing of the state is readable by others", "[config][revisions][SEC-2]") {
    TempFolder folder;
    RevisionStore store = open(folder);
    add(store, "secret");
    REQUIRE(store.set_status({"h", opamp::ConfigStatus::applied, ""}));
    CHECK(mode_of(folder / "revisions") == 0700);
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder.path()))
        if (entry.is_regular_file()) CHECK(mode_of(entry.path()) == 0600);
}

TEST_CASE("a config without a process and one without a file are told apart", "[config][revisions]") {
    TempFolder folder;
    RevisionStore store = open(folder);
    const auto none = store.add({false, {}, {}}, &kOffer);
    const auto untouched = store.add({true, {}, {}}, nullptr);
    REQUIRE(none);
    REQUIRE(untouched);
    RevisionStore again = open(folder);
    CHECK_FALSE(again.load(*again.find(none->id))->runs);
    CHECK(again.load(*again.find(untouched->id))->runs);
    CHECK_FALSE(again.load(*again.find(untouched->id))->main);
    CHECK(again.base()->id == untouched->id);
}

TEST_CASE("damaged state is set aside and the rest is used", "[config][revisions][damage]") {
    TempFolder folder;
    std::filesystem::path good, bad;
    {
        RevisionStore store = open(folder);
        const auto first = add(store, "a: 1\n");
        const auto second = add(store, "a: 2\n");
        REQUIRE(store.set_last_good(first.id));
        REQUIRE(store.set_current(second.id));
        REQUIRE(store.set_status({"h", opamp::ConfigStatus::applied, ""}));
        good = folder.path() / std::filesystem::read_symlink(folder / "last-good");
        bad = folder.path() / std::filesystem::read_symlink(folder / "current");
    }
    struct Damage {
        const char* name;
        const char* file;
        const char* content;
    };
    const auto damage = GENERATE(values<Damage>({{"empty meta", "meta", ""},
                                                 {"cut meta", "meta", "hash: 00\nruns: tr"},
                                                 {"binary meta", "meta", "\xFF\xFE\n"},
                                                 {"meta of another", "meta", "hash: 00\nruns: true\nbase: false\n"},
                                                 {"cut content", "effective", "a:"},
                                                 {"empty content", "effective", ""}}));
    CAPTURE(damage.name);
    support::write(bad / damage.file, damage.content);
    RevisionStore store = open(folder);
    CHECK(store.notes().size() >= 1);
    CHECK(store.current() == nullptr);
    REQUIRE(store.last_good());
    CHECK(store.load(*store.last_good())->main == "a: 1\n");
    CHECK(std::filesystem::exists(bad.string() + ".damaged"));
    CHECK(open(folder).notes().empty());  // said once
    const auto next = add(store, "a: 3\n");
    CHECK(store.set_current(next.id));
}

TEST_CASE("a damaged status or link does not stop a start", "[config][revisions][damage]") {
    TempFolder folder;
    { add(*std::make_unique<RevisionStore>(open(folder)), "a: 1\n"); }
    const std::string content = GENERATE("", "status: APPLIED\n", "status: MAYBE\nhash: 00\nerror_message: \n",
                                         "status: APPLIED\nhash: 0\nerror_message: \n", "\xFF");
    support::write(folder / "remote_config_status", content);
    std::filesystem::create_symlink("revisions/99-deadbeef", folder / "current");
    const RevisionStore store = open(folder);
    CHECK(store.notes().size() == 2);
    CHECK(store.status() == opamp::RemoteConfigStatus{});
    CHECK(store.current() == nullptr);
}

TEST_CASE("the oldest revisions go, the needed ones stay", "[config][revisions]") {
    TempFolder folder;
    RevisionStore store = open(folder);
    const auto base = add(store, "base", nullptr);
    const auto good = add(store, "good");
    REQUIRE(store.set_last_good(good.id));
    for (int i = 0; i < 9; ++i) add(store, std::to_string(i));
    const auto current = store.all().rbegin()->first;
    REQUIRE(store.set_current(current));
    store.prune({1}, base::unix_nano_now());
    CHECK(ids(store) == std::set{base.id, good.id, current - 3, current - 2, current - 1, current});
    CHECK(folders(folder / "revisions") == 6);
    store.prune({1}, base::unix_nano_now());
    CHECK(folders(folder / "revisions") == 6);
}

TEST_CASE("revisions go when they are too old, and only then", "[config][revisions]") {
    TempFolder folder;
    RevisionStore store = open(folder);
    for (int i = 0; i < 6; ++i) add(store, std::to_string(i));
    const std::uint64_t now = store.find(1)->created_unix_nano;
    constexpr std::uint64_t kHour = 3'600'000'000'000;
    store.prune({20, std::chrono::hours(1)}, now + kHour);
    CHECK(store.all().size() == 6);
    store.prune({20, base::Duration(0)}, now + 1000 * kHour);
    CHECK(store.all().size() == 6);
    store.prune({20, std::chrono::hours(1)}, now + 2 * kHour);
    CHECK(ids(store) == std::set<std::uint64_t>{3, 4, 5, 6});
}

TEST_CASE("a revision that was not removed to the end is gone at the next start", "[config][revisions][damage]") {
    TempFolder folder;
    std::filesystem::path path;
    {
        RevisionStore store = open(folder);
        path = store.path_of(add(store, "a: 1\n"));
    }
    std::filesystem::rename(path, path.parent_path() / ("." + path.filename().string()));
    const RevisionStore store = open(folder);
    CHECK(store.notes().empty());
    CHECK(folders(folder / "revisions") == 0);
}

TEST_CASE("what became of a revision is known after a restart", "[config][revisions]") {
    TempFolder folder;
    const config::Outcome failed{config::Outcome::Verdict::failed, 17, "exit code 3\nline two \xFF"};
    const config::Outcome applied{config::Outcome::Verdict::applied, 18, ""};
    {
        RevisionStore store = open(folder);
        add(store, "a: 1\n");
        add(store, "a: 2\n");
        CHECK(store.outcome(1) == nullptr);
        REQUIRE(store.set_outcome(1, failed));
        REQUIRE(store.set_outcome(1, applied));
        REQUIRE(store.set_outcome(2, failed));
        CHECK_FALSE(store.set_outcome(3, failed));
    }
    const RevisionStore store = open(folder);
    REQUIRE(store.outcome(1));
    REQUIRE(store.outcome(2));
    CHECK(*store.outcome(1) == applied);
    CHECK(*store.outcome(2) == failed);
    CHECK(store.find(1)->created_unix_nano > 0);
}

TEST_CASE("revisions of an opampd that wrote neither times nor outcomes are read", "[config][revisions]") {
    TempFolder folder;
    std::filesystem::path path;
    {
        RevisionStore store = open(folder);
        path = store.path_of(add(store, "a: 1\n"));
    }
    std::string meta = support::read(path / "meta");
    meta.erase(meta.find("created: "));
    support::write(path / "meta", meta);
    const RevisionStore store = open(folder);
    CHECK(store.notes().empty());
    REQUIRE(store.find(1));
    CHECK(store.find(1)->created_unix_nano == 0);
    CHECK(*store.load_remote(*store.find(1)) == kOffer);
}

TEST_CASE("a damaged outcome is set aside alone", "[config][revisions][damage]") {
    TempFolder folder;
    std::filesystem::path path;
    {
        RevisionStore store = open(folder);
        path = store.path_of(add(store, "a: 1\n"));
    }
    const std::string content = GENERATE("", "outcome: applied\n", "outcome: maybe\nat: 1\nreason: \n",
                                         "outcome: failed\nat: x\nreason: \n", "\xFF");
    support::write(path / "outcome", content);
    const RevisionStore store = open(folder);
    CHECK(store.notes().size() == 1);
    REQUIRE(store.find(1));
    CHECK(store.outcome(1) == nullptr);
    CHECK(store.load(*store.find(1)));
}

TEST_CASE("a revision that was stored in vain is used when the same comes again", "[config][revisions]") {
    TempFolder folder;
    const auto first = [&] {
        RevisionStore store = open(folder);
        return add(store, "a: 1\n");
    }();
    RevisionStore store = open(folder);
    CHECK(add(store, "a: 1\n") == first);
    CHECK(store.all().size() == 1);

    SECTION("but not another's offer") {
        CHECK(add(store, "a: 1\n", nullptr).id != first.id);
    }
    SECTION("but not once it has been used") {
        REQUIRE(store.set_current(first.id));
        CHECK(add(store, "a: 1\n").id != first.id);
    }
    SECTION("but not when it is damaged") {
        support::write(folder / "revisions" / ("1-" + base::to_hex(first.hash).substr(0, 8)) / "effective", "a: 2\n");
        CHECK(add(store, "a: 1\n").id != first.id);
    }
}

TEST_CASE("a folder that cannot be read is told, and not taken for damage", "[config][revisions]") {
    TempFolder folder;
    RevisionStore store = open(folder);
    const auto revision = store.add({true, "a: 1\n", {{"x", "1"}}}, &kOffer);
    REQUIRE(revision);
    const auto beside = folder / "revisions" / ("1-" + base::to_hex(revision->hash).substr(0, 8)) / "beside";
    std::filesystem::remove_all(beside);
    std::filesystem::create_symlink("beside", beside);  // ELOOP, also for root
    const auto loaded = store.load(*revision);
    REQUIRE_FALSE(loaded);
    CHECK(loaded.error().kind() == base::Kind::io);
    CHECK(loaded.error().text().find("reading '" + beside.string() + "'") != std::string::npos);
}
