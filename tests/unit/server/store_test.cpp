#include "server/store.hpp"

#include <sys/stat.h>

#include <fstream>

#include "unit/server/rig.hpp"

using namespace server_test;
using server::Store;

namespace {

constexpr opamp::Changes kAll{true, true, true, true, true, true, true, true};

std::unique_ptr<Store> open(const std::filesystem::path& file) {
    auto store = Store::open(file);
    if (!store) FAIL(store.error().text());
    return std::move(*store);
}

server::SetConfig some_config() {
    return {{{{"", {std::string("a\0b", 3), "text/yaml"}}, {"extra", {"", ""}}}, "hash"}, at(7)};
}

}  // namespace

TEST_CASE("agents and their configs outlive the server", "[server][store]") {
    const support::TempFolder folder;
    const auto file = folder / "sub" / "server.db";
    auto report = full_report(0);
    report.parts.remote_config_status = opamp::RemoteConfigStatus{"hash", opamp::ConfigStatus::failed, "line 3"};
    {
        auto store = open(file);
        REQUIRE(store->save(kUid, report.parts, kAll, at(1)));
        REQUIRE(store->save_config(kUid, some_config()));
        REQUIRE(store->save(kOtherUid, {}, {}, at(2)));
        REQUIRE(store->save_seen(kUid, at(3)));
    }
    const auto agents = open(file)->load();
    REQUIRE(agents);
    REQUIRE(agents->size() == 2);
    const server::KnownAgent& agent = agents->at(0).uid == kUid ? agents->at(0) : agents->at(1);
    CHECK(agent.last_seen == at(3));
    CHECK(agent.state.capabilities == kEverything);
    CHECK(agent.state.description == report.parts.description);
    CHECK(agent.state.health == report.parts.health);
    CHECK(agent.state.effective_config == report.parts.effective_config);
    CHECK(agent.state.remote_config_status == report.parts.remote_config_status);
    REQUIRE(agent.config);
    CHECK(agent.config->config == some_config().config);
    CHECK(agent.config->set_at == at(7));
    const server::KnownAgent& other = agents->at(0).uid == kUid ? agents->at(1) : agents->at(0);
    CHECK_FALSE(other.state.description);
    CHECK_FALSE(other.state.remote_config_status);
    CHECK_FALSE(other.config);
}

TEST_CASE("what a server of version 1 has left is taken over", "[server][store]") {
    const support::TempFolder folder;
    const auto file = folder / "server.db";
    {
        auto old = server::Database::open(file);
        REQUIRE(old);
        REQUIRE(old->execute(R"sql(
CREATE TABLE agent (instance_uid BLOB PRIMARY KEY, last_seen INTEGER NOT NULL, capabilities INTEGER NOT NULL,
    description BLOB, health BLOB, effective_config BLOB, status_hash BLOB, status INTEGER, status_error TEXT);
CREATE TABLE remote_config (instance_uid BLOB PRIMARY KEY REFERENCES agent ON DELETE CASCADE, hash BLOB NOT NULL,
    set_at INTEGER NOT NULL);
CREATE TABLE remote_config_entry (instance_uid BLOB NOT NULL REFERENCES remote_config ON DELETE CASCADE,
    name TEXT NOT NULL, body BLOB NOT NULL, content_type TEXT NOT NULL, PRIMARY KEY (instance_uid, name));
INSERT INTO agent VALUES (x'018f3a6c5d2e7b9a8c0d112233445566', 5, 3, NULL, NULL, NULL, x'68', 3, 'line 3');
INSERT INTO remote_config VALUES (x'018f3a6c5d2e7b9a8c0d112233445566', x'68', 7);
INSERT INTO remote_config_entry VALUES (x'018f3a6c5d2e7b9a8c0d112233445566', '', x'613a2031', 'text/yaml');
PRAGMA user_version = 1;
)sql"));
    }
    for (int run = 0; run < 2; ++run) {  // and opened again, it is of the present version
        auto store = open(file);
        const auto agents = store->load();
        REQUIRE(agents);
        REQUIRE(agents->size() == 1);
        const server::KnownAgent& agent = agents->front();
        CHECK(agent.state.capabilities == 3);
        CHECK(agent.state.remote_config_status ==
              opamp::RemoteConfigStatus{"h", opamp::ConfigStatus::failed, "line 3"});
        REQUIRE(agent.config);
        CHECK(agent.config->config == opamp::RemoteConfig{{{"", {"a: 1", "text/yaml"}}}, "h"});
        CHECK(agent.settings.has_value() == (run == 1));
        REQUIRE(store->save_settings(agent.uid, server::SetSettings{{}, at(9)}, {}));
    }
}

TEST_CASE("only the parts that changed are written", "[server][store]") {
    auto store = open(":memory:");
    const auto report = full_report(0);
    REQUIRE(store->save(kUid, report.parts, kAll, at(1)));
    auto newer = report.parts;
    newer.health->healthy = false;
    newer.description->identifying[0].second = "not written";
    opamp::Changes health_only;
    health_only.health = true;
    REQUIRE(store->save(kUid, newer, health_only, at(2)));
    const auto agents = store->load();
    REQUIRE(agents);
    CHECK(agents->at(0).state.health == newer.health);
    CHECK(agents->at(0).state.description == report.parts.description);
    CHECK(agents->at(0).last_seen == at(2));
}

TEST_CASE("a config is replaced, removed, and forgotten with its agent", "[server][store]") {
    auto store = open(":memory:");
    REQUIRE(store->save(kUid, full_report(0).parts, kAll, at(1)));
    REQUIRE(store->save_config(kUid, some_config()));
    REQUIRE(store->save_config(kUid, server::SetConfig{{{}, "empty"}, at(8)}));
    CHECK(store->load()->at(0).config->config == opamp::RemoteConfig{{}, "empty"});
    REQUIRE(store->save_config(kUid, std::nullopt));
    CHECK_FALSE(store->load()->at(0).config);
    REQUIRE(store->save_config(kUid, some_config()));
    REQUIRE(store->forget(kUid));
    CHECK(store->load()->empty());
    REQUIRE(store->save(kUid, full_report(0).parts, kAll, at(1)));
    CHECK_FALSE(store->load()->at(0).config);
}

TEST_CASE("a config for an agent that is not stored changes nothing", "[server][store]") {
    auto store = open(":memory:");
    CHECK_FALSE(store->save_config(kUid, some_config()));
    REQUIRE(store->save(kUid, {}, {}, at(1)));
    CHECK(store->save_config(kUid, some_config()));
}

TEST_CASE("the state file is for its owner only", "[server][store]") {
    const support::TempFolder folder;
    const auto file = folder / "sub" / "server.db";
    const auto store = open(file);
    struct stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0600);
    REQUIRE(::stat(file.parent_path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777) == 0700);
}

TEST_CASE("a state file that cannot be used is named, and left as it is", "[server][store]") {
    const support::TempFolder folder;
    SECTION("not a database") {
        const auto file = folder / "notes.txt";
        const std::string text(10000, 'x');
        std::ofstream(file) << text;
        const auto store = Store::open(file);
        REQUIRE_FALSE(store);
        CHECK_THAT(store.error().text(),
                   Catch::Contains(file.string()) && Catch::Contains("not a database") && Catch::Contains("--state"));
        CHECK(std::filesystem::file_size(file) == text.size());
    }
    SECTION("in use by another server") {
        const auto file = folder / "server.db";
        const auto first = open(file);
        const auto second = Store::open(file);
        REQUIRE_FALSE(second);
        CHECK_THAT(second.error().text(), Catch::Contains("locked"));
    }
    SECTION("from a newer version") {
        const auto file = folder / "server.db";
        REQUIRE(server::Database::open(file)->execute("PRAGMA user_version = 99"));
        const auto store = Store::open(file);
        REQUIRE_FALSE(store);
        CHECK_THAT(store.error().text(), Catch::Contains("newer version"));
    }
    SECTION("a folder") {
        CHECK_FALSE(Store::open(folder.path()));
    }
}
