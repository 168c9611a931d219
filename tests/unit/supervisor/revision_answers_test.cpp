#include "supervisor/revision_answers.hpp"

#include <catch2/catch.hpp>

#include "support/temp_folder.hpp"

using base::Kind;
using config::RevisionStore;

namespace {

struct Rig {
    Rig() : store(*RevisionStore::open(folder.path())) {}

    std::uint64_t add(const std::string& main, std::map<std::string, std::string> beside = {}) {
        const opamp::RemoteConfig offer{{{"", {main, "text/yaml"}}}, main};
        const auto revision = store.add({true, main, std::move(beside)}, &offer);
        REQUIRE(revision);
        return revision->id;
    }
    std::uint64_t add_local(const std::string& main) {
        const auto revision = store.add({true, main, {}}, nullptr);
        REQUIRE(revision);
        return revision->id;
    }
    base::Result<control::Answer> show(const std::string& revision, bool remote = false) {
        auto loaded = load(revision.empty() ? "current" : revision, remote);
        if (!loaded) return std::move(loaded).error();
        return supervisor::show(std::move(*loaded), redaction);
    }
    base::Result<control::Answer> diff(const std::string& from, const std::string& to) {
        const auto before = load(from.empty() ? "previous" : from), after = load(to.empty() ? "current" : to);
        if (!before || !after) return (before ? after : before).error();
        return supervisor::diff(*before, *after, redaction);
    }
    base::Result<supervisor::Loaded> load(const std::string& word, bool remote = false) {
        return supervisor::load(store, word, remote, "effective.yaml");
    }
    std::uint64_t found(const std::string& word) {
        const auto revision = supervisor::find_revision(store, word);
        return revision ? revision->id : 0;
    }

    support::TempFolder folder;
    RevisionStore store;
    supervisor::Redaction redaction{config::Redactor()};
};

}  // namespace

TEST_CASE("revisions are found by number and by what they are", "[supervisor][control]") {
    Rig rig;
    CHECK(rig.found("current") == 0);
    const auto local = rig.add_local("a: 0\n");
    const auto good = rig.add("a: 1\n");
    const auto bad = rig.add("a: 2\n");
    REQUIRE(rig.store.set_last_good(good));
    REQUIRE(rig.store.set_current(bad));
    CHECK(rig.found("2") == good);
    CHECK(rig.found("current") == bad);
    CHECK(rig.found("last-good") == good);
    CHECK(rig.found("previous") == good);
    CHECK(rig.found("local") == local);
    REQUIRE(rig.store.set_current(good));
    CHECK(rig.found("previous") == local);
    config::Rollout rollout;
    rollout.older_good = {bad};
    REQUIRE(rig.store.set_rollout(rollout));
    CHECK(rig.found("previous") == bad);
    CHECK(supervisor::find_revision(rig.store, "99").error().kind() == Kind::not_found);
    for (const char* word : {"", "-1", "1x", "newest", "99999999999999999999"})
        CHECK(supervisor::find_revision(rig.store, word).error().kind() == Kind::invalid);
}

TEST_CASE("a failed offer is found by the beginning of its hash", "[supervisor][control]") {
    Rig rig;
    config::Rollout rollout;
    rollout.remember_failed("\x0a\x1b", "exit code 3");
    rollout.remember_failed("\x0a\x2c", "exit code 4");
    REQUIRE(rig.store.set_rollout(rollout));
    REQUIRE(rig.store.set_status({"\xff\x01", opamp::ConfigStatus::failed, "refused"}));
    const auto found = [&](const char* digits) { return supervisor::find_failed(rig.store, digits); };
    CHECK(*found("0a1") == "\x0a\x1b");
    CHECK(*found("ff01") == "\xff\x01");
    CHECK(found("0a").error().message() == "several failed configs have hashes that begin with 0a");
    CHECK(found("0b").error().kind() == Kind::not_found);
    for (const char* digits : {"", "0A", "xyz"}) CHECK(found(digits).error().kind() == Kind::invalid);
    REQUIRE(rig.store.set_status({"\xff\x01", opamp::ConfigStatus::applied, ""}));
    CHECK(found("ff").error().kind() == Kind::not_found);
}

TEST_CASE("the history has the newest first, with what became of each", "[supervisor][control]") {
    Rig rig;
    const auto local = rig.add_local("a: 0\n");
    const auto good = rig.add("a: 1\n");
    const auto bad = rig.add("a: 2\n");
    REQUIRE(rig.store.set_last_good(good));
    REQUIRE(rig.store.set_current(good));
    REQUIRE(rig.store.set_outcome(bad, {config::Outcome::Verdict::failed, 60'000'000'000, "password=hunter2"}));
    const auto list = supervisor::history(rig.store, rig.redaction);
    REQUIRE(list.size() == 3);
    CHECK(list[0].id == bad);
    CHECK(list[0].origin == "remote");
    CHECK(list[0].outcome == "failed");
    CHECK(list[0].outcome_at == "1970-01-01T00:01:00Z");
    CHECK(list[0].reason == "password=[REDACTED]");
    CHECK_FALSE(list[0].current);
    CHECK(list[1].id == good);
    CHECK(list[1].current);
    CHECK(list[1].last_good);
    CHECK(list[1].outcome == "applied");  // it was, before outcomes were written down
    CHECK(list[1].created_at.size() == 20);
    CHECK(list[1].hash.size() == 64);
    CHECK(list[2].id == local);
    CHECK(list[2].origin == "local");
    CHECK(list[2].outcome == "none");
}

TEST_CASE("a config is shown without its secrets", "[supervisor][control][secrets]") {
    Rig rig;
    const std::string text = "user: me\npassword: hunter2\n";
    REQUIRE(rig.store.set_current(rig.add(text, {{"rules.txt", "token = hunter2\n"}})));
    const auto shown = rig.show("");
    REQUIRE(shown);
    REQUIRE(shown->files->size() == 2);
    CHECK(shown->files->at(0).name == "effective.yaml");
    CHECK(shown->files->at(0).body == "user: me\npassword: \"[REDACTED]\"\n");
    CHECK(shown->files->at(1).body.find("hunter2") == std::string::npos);
    rig.redaction.reset();
    CHECK(rig.show("")->files->at(0).body == text);  // where the settings say so
    rig.redaction.emplace();
    CHECK(rig.store.load(*rig.store.current())->main == text);  // what the agent gets is untouched
    const auto offered = rig.show("current", true);
    REQUIRE(offered);
    CHECK(offered->files->at(0).content_type == "text/yaml");
    CHECK(offered->files->at(0).body == "user: me\npassword: \"[REDACTED]\"\n");
    const auto local = rig.add_local("a: 1\n");
    CHECK(rig.show(std::to_string(local), true).error().kind() == Kind::not_found);
}

TEST_CASE("two configs are compared file by file, without their secrets", "[supervisor][control][secrets]") {
    Rig rig;
    const auto first = rig.add("a: 1\npassword: one\n", {{"gone.txt", "x\n"}});
    const auto second = rig.add("a: 2\npassword: two\n", {{"new.txt", "y\n"}});
    const auto third = rig.add("a: 2\npassword: three\n", {{"new.txt", "y\n"}});
    REQUIRE(rig.store.set_last_good(first));
    REQUIRE(rig.store.set_current(second));
    const auto answer = rig.diff("", "");
    REQUIRE(answer);
    CHECK(answer->revision == first);
    CHECK(answer->against == second);
    CHECK(*answer->diff ==
          "--- 1/effective.yaml\n+++ 2/effective.yaml\n@@ -1,2 +1,2 @@\n-a: 1\n+a: 2\n password: \"[REDACTED]\"\n"
          "--- 1/gone.txt\n+++ /dev/null\n@@ -1 +0,0 @@\n-x\n"
          "--- /dev/null\n+++ 2/new.txt\n@@ -0,0 +1 @@\n+y\n");
    const auto secret = rig.diff("2", std::to_string(third));
    REQUIRE(secret);
    CHECK(secret->diff == "");
    CHECK(secret->note == "they differ only in secrets, which are not shown");
    CHECK(rig.diff("2", "2")->note == "the two are the same");
}

TEST_CASE("a config without a process says so", "[supervisor][control]") {
    Rig rig;
    const opamp::RemoteConfig nothing{{}, "h"};
    REQUIRE(rig.store.set_current(rig.store.add({false, {}, {}}, &nothing)->id));
    const auto shown = rig.show("");
    REQUIRE(shown);
    CHECK(shown->files->empty());
    CHECK(shown->note == "revision 1 has no config: the agent does not run");
}

TEST_CASE("a config without files is not mistaken for an empty one", "[supervisor][control]") {
    Rig rig;
    REQUIRE(rig.store.set_current(rig.store.add({true, {}, {}}, nullptr)->id));
    CHECK(rig.show("")->note == "revision 1 has no files: opampd gives the agent none");
}

TEST_CASE("a config that is too large to show is found on the disk", "[supervisor][control][hostile]") {
    Rig rig;
    const auto id = rig.add(std::string((4u << 20) + 1, 'x'));
    const auto shown = rig.show(std::to_string(id));
    REQUIRE_FALSE(shown);
    CHECK(shown.error().kind() == Kind::too_large);
    CHECK(shown.error().text().find(rig.store.path_of(*rig.store.find(id)).string()) != std::string::npos);
}
