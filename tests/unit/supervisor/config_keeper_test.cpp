#include "supervisor/config_keeper.hpp"

#include <catch2/catch.hpp>
#include <vector>

#include "support/temp_folder.hpp"

using opamp::ConfigStatus;
using supervisor::ConfigKeeper;

namespace {

/// One agent's state and working folder, across starts of the daemon.
struct Rig {
    ConfigKeeper open() {
        auto keeper =
            ConfigKeeper::open({folder / "state", folder / "effective.yaml", local, config::Format::automatic});
        REQUIRE(keeper);
        return std::move(*keeper);
    }
    static base::Result<ConfigKeeper::Stored> stage(ConfigKeeper& keeper, const opamp::RemoteConfig& offer) {
        auto composed = keeper.compose_offer(offer);
        if (!composed) return std::move(composed).error();
        return keeper.store(offer, *composed);
    }
    /// As the supervisor does: stored, reported, installed.
    static std::uint64_t give(ConfigKeeper& keeper, const opamp::RemoteConfig& offer) {
        const auto outcome = stage(keeper, offer);
        REQUIRE(outcome);
        REQUIRE(keeper.save_status({offer.hash, ConfigStatus::applying, ""}));
        REQUIRE(keeper.install(outcome->revision.id));
        return outcome->revision.id;
    }
    static void prove(ConfigKeeper& keeper, std::uint64_t id, const std::string& hash) {
        REQUIRE(keeper.commit(id, {}));
        REQUIRE(keeper.save_status({hash, ConfigStatus::applied, ""}));
    }
    static lifecycle::Begun begin(ConfigKeeper& keeper) {
        const auto begun = keeper.begin(1);
        REQUIRE(begun);
        return *begun;
    }
    std::string effective() const { return support::read(folder / "effective.yaml"); }

    support::TempFolder folder;
    std::vector<std::filesystem::path> local;
};

opamp::RemoteConfig offer(const std::string& hash, const std::string& body) {
    return {{{"", {body, ""}}}, hash};
}

}  // namespace

TEST_CASE("the first start runs with what is there", "[supervisor][keeper]") {
    Rig rig;
    support::write(rig.folder / "effective.yaml", "mine: 1\n");
    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    CHECK_FALSE(begun.trial);
    CHECK(begun.current == begun.base);
    CHECK(begun.last_good.id == 0);
    REQUIRE(keeper.install(begun.current.id));
    CHECK(rig.effective() == "mine: 1\n");
}

TEST_CASE("what was there before the first offer comes back when the offer fails", "[supervisor][keeper]") {
    Rig rig;
    const std::string before = GENERATE("", "mine: 1\n");
    if (!before.empty()) support::write(rig.folder / "effective.yaml", before);
    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    REQUIRE(keeper.install(begun.current.id));
    Rig::give(keeper, offer("h", "theirs: 1\n"));
    CHECK(rig.effective() == "theirs: 1\n");
    REQUIRE(keeper.install(begun.base.id));
    CHECK(rig.effective() == before);
    CHECK(std::filesystem::exists(rig.folder / "effective.yaml") == !before.empty());
}

TEST_CASE("a proven config is what the next start runs with", "[supervisor][keeper]") {
    Rig rig;
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        Rig::prove(keeper, Rig::give(keeper, offer("h", "a: 1\n")), "h");
    }
    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    CHECK_FALSE(begun.trial);
    CHECK(begun.current == begun.last_good);
    CHECK(keeper.status() == opamp::RemoteConfigStatus{"h", ConfigStatus::applied, ""});
    REQUIRE(keeper.install(begun.current.id));
    CHECK(rig.effective() == "a: 1\n");
}

TEST_CASE("a trial that the daemon did not survive is a trial again", "[supervisor][keeper][CFG-15]") {
    Rig rig;
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        Rig::prove(keeper, Rig::give(keeper, offer("good", "a: 1\n")), "good");
        SECTION("ended before the agent was given it") {
            REQUIRE(Rig::stage(keeper, offer("new", "a: 2\n")));
            REQUIRE(keeper.save_status({"new", ConfigStatus::applying, ""}));
        }
        SECTION("ended while the agent ran with it") {
            Rig::give(keeper, offer("new", "a: 2\n"));
        }
    }
    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    CHECK(begun.trial);
    CHECK(begun.offer == 1);
    CHECK(begun.current != begun.last_good);
    CHECK(keeper.status().status == ConfigStatus::applying);
    REQUIRE(keeper.install(begun.current.id));
    CHECK(rig.effective() == "a: 2\n");
}

TEST_CASE("a status that the daemon could not finish is finished at the next start", "[supervisor][keeper]") {
    Rig rig;
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        const auto id = Rig::give(keeper, offer("good", "a: 1\n"));
        REQUIRE(keeper.commit(id, {}));
        SECTION("committed, not yet said") {}
        SECTION("received, not yet stored") {
            REQUIRE(keeper.save_status({"lost", ConfigStatus::applying, ""}));
        }
    }
    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    CHECK_FALSE(begun.trial);
    CHECK(keeper.status().status !=
          ConfigStatus::applying);  // said as applied, or forgotten so that it is offered again
}

TEST_CASE("a local file that changed makes a new candidate of the same offer", "[supervisor][keeper]") {
    Rig rig;
    rig.local = {rig.folder / "base.yaml"};
    support::write(rig.local.front(), "local: 1\n");
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        Rig::prove(keeper, Rig::give(keeper, offer("h", "a: 1\n")), "h");
        CHECK(rig.effective() == "local: 1\na: 1\n");
    }
    support::write(rig.local.front(), "local: 2\n");
    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    CHECK(begun.trial);
    REQUIRE(keeper.install(begun.current.id));
    CHECK(rig.effective() == "local: 2\na: 1\n");
    REQUIRE(keeper.install(begun.last_good.id));
    CHECK(rig.effective() == "local: 1\na: 1\n");
}

TEST_CASE("an offer that gives the agent what it has changes nothing", "[supervisor][keeper]") {
    Rig rig;
    ConfigKeeper keeper = rig.open();
    REQUIRE(keeper.install(Rig::begin(keeper).current.id));
    Rig::prove(keeper, Rig::give(keeper, offer("h", "a: 1\n")), "h");
    CHECK(Rig::stage(keeper, offer("other", "a: 1\n"))->same_as);
    CHECK_FALSE(Rig::stage(keeper, offer("other", "a: 2\n"))->same_as);
}

TEST_CASE("an empty map stops the agent where there is no local config, also after a restart", "[supervisor][keeper]") {
    Rig rig;
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        Rig::prove(keeper, Rig::give(keeper, offer("h", "a: 1\n")), "h");
        const auto id = Rig::give(keeper, {{}, "none"});
        CHECK_FALSE(keeper.install(id)->revision.runs);
        CHECK_FALSE(std::filesystem::exists(rig.folder / "effective.yaml"));
        Rig::prove(keeper, id, "none");
    }
    ConfigKeeper keeper = rig.open();
    CHECK_FALSE(Rig::begin(keeper).current.runs);
}

TEST_CASE("an offer that cannot be used is refused, and nothing is stored", "[supervisor][keeper]") {
    Rig rig;
    ConfigKeeper keeper = rig.open();
    REQUIRE(keeper.install(Rig::begin(keeper).current.id));
    support::write(rig.folder / "supervisor.yaml", "ours");
    CHECK_FALSE(Rig::stage(keeper, offer("h", "a: [1\n")));
    CHECK_FALSE(Rig::stage(keeper, {{{"", {"a: 1\n", ""}}, {"supervisor.yaml", {"evil", "text/plain"}}}, "h"}));
    CHECK(rig.open().notes().empty());
    CHECK(std::distance(std::filesystem::directory_iterator(rig.folder / "state/revisions"), {}) == 1);
}

TEST_CASE("what a stop in the middle of an install left beside the config is taken away", "[supervisor][keeper]") {
    Rig rig;
    const opamp::RemoteConfig with_rules{{{"", {"a: 1\n", ""}}, {"rules.txt", {"one", "text/plain"}}}, "with"};
    const std::string kept_config = "a: 1\n";
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        Rig::prove(keeper, Rig::give(keeper, with_rules), "with");
        Rig::give(keeper, GENERATE(offer("without", "a: 2\n"), opamp::RemoteConfig{{}, "without"}));
    }
    // The link had moved, the files had not.
    support::write(rig.folder / "effective.yaml", kept_config);
    support::write(rig.folder / "rules.txt", "one");
    support::write(rig.folder / "other.txt", "not of an offer");

    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    REQUIRE(keeper.install(begun.current.id));
    CHECK_FALSE(std::filesystem::exists(rig.folder / "rules.txt"));
    CHECK(support::read(rig.folder / "other.txt") == "not of an offer");
    CHECK(rig.effective() == (begun.current.runs ? "a: 2\n" : ""));
}

TEST_CASE("what has failed is not tried again, and the reason is known after a restart",
          "[supervisor][keeper][rollout]") {
    Rig rig;
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        const auto bad = Rig::give(keeper, offer("bad", "a: 1\n"));
        REQUIRE(keeper.note_failure(bad, "exit code 3"));
        CHECK(Rig::stage(keeper, offer("bad", "a: 1\n")).error().message() == "exit code 3");
    }
    SECTION("with the same local files") {
        ConfigKeeper keeper = rig.open();
        const auto begun = Rig::begin(keeper);
        CHECK(begun.failure == "exit code 3");
        CHECK(begun.offer == 1);
        CHECK(Rig::stage(keeper, offer("bad", "a: 1\n")).error().message() == "exit code 3");
        CHECK(Rig::stage(keeper, offer("other", "a: 1\n")));
    }
    SECTION("with other local files it may be good") {
        support::write(rig.folder / "base.yaml", "local: 1\n");
        rig.local = {rig.folder / "base.yaml"};
        ConfigKeeper keeper = rig.open();
        Rig::begin(keeper);
        CHECK(Rig::stage(keeper, offer("bad", "a: 1\n")));
    }
}

TEST_CASE("a trial is begun as often as it may be, and then has failed", "[supervisor][keeper][rollout]") {
    Rig rig;
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        Rig::prove(keeper, Rig::give(keeper, offer("good", "a: 1\n")), "good");
        Rig::give(keeper, offer("new", "a: 2\n"));
    }
    for (int start = 2; start <= 3; ++start) {
        ConfigKeeper keeper = rig.open();
        const auto begun = Rig::begin(keeper);
        CHECK(begun.trial);
        REQUIRE(keeper.install(begun.current.id));
        CHECK(rig.effective() == "a: 2\n");
    }
    const std::string reason = "opampd ended each of the 3 times that it was tried";
    {
        ConfigKeeper keeper = rig.open();
        const auto begun = Rig::begin(keeper);
        CHECK(begun.failure == reason);
        CHECK(begun.offer == 1);
        REQUIRE(keeper.note_failure(begun.current.id, reason));
        CHECK(Rig::stage(keeper, offer("new", "a: 2\n")).error().message() == reason);
    }
    // And that is remembered, however opampd ended after it.
    ConfigKeeper keeper = rig.open();
    CHECK(Rig::begin(keeper).failure == reason);
}

TEST_CASE("a daemon that ends between a verdict and the way back takes it at its start",
          "[supervisor][keeper][rollout]") {
    Rig rig;
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        Rig::prove(keeper, Rig::give(keeper, offer("good", "a: 1\n")), "good");
        Rig::give(keeper, offer("bad", "a: 2\n"));
        REQUIRE(keeper.save_status({"bad", ConfigStatus::failed, "exit code 3"}));
    }
    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    CHECK(begun.failure == "exit code 3");
    CHECK(begun.offer == 0);  // which has its verdict
}

TEST_CASE("what was good before last-good is a way back, and outlives the others", "[supervisor][keeper][rollout]") {
    Rig rig;
    lifecycle::Revision first, second;
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        first.id = Rig::give(keeper, offer("1", "a: 1\n"));
        Rig::prove(keeper, first.id, "1");
        second.id = Rig::give(keeper, offer("2", "a: 2\n"));
        Rig::prove(keeper, second.id, "2");
        REQUIRE(keeper.commit(Rig::give(keeper, offer("3", "a: 3\n")), {second, first}));
        for (int i = 0; i < 30; ++i)
            Rig::give(keeper, offer("x" + std::to_string(i), "x: " + std::to_string(i) + "\n"));
        REQUIRE(keeper.commit(Rig::give(keeper, offer("4", "a: 4\n")), {second, first}));
    }
    ConfigKeeper keeper = rig.open();
    CHECK(Rig::begin(keeper).older_good == std::vector{second, first});
    REQUIRE(keeper.note_failure(first.id, "never healthy"));
    CHECK(Rig::stage(keeper, offer("1", "a: 1\n")));  // it was good once, and may be so again
}

TEST_CASE("what a stop left of unfinished files is gone after the next start", "[supervisor][keeper]") {
    Rig rig;
    opamp::RemoteConfig with_file = offer("h", "a: 1\n");
    with_file.files["x.txt"] = {"x", "text/plain"};
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        Rig::prove(keeper, Rig::give(keeper, with_file), "h");
        Rig::give(keeper, offer("h2", "a: 2\n"));
    }
    const std::vector<std::filesystem::path> left{"state/.rollout.new", "state/.last-good.new", ".effective.yaml.new",
                                                  ".x.txt.new"};
    for (const auto& name : left) support::write(rig.folder / name, "half");
    support::write(rig.folder / ".mine.new", "the operator's");
    (void)rig.open();
    for (const auto& name : left) CHECK_FALSE(std::filesystem::exists(rig.folder / name));
    CHECK(std::filesystem::exists(rig.folder / ".mine.new"));
}

TEST_CASE("an install that fails half-way leaves no file behind once another config is installed",
          "[supervisor][keeper]") {
    Rig rig;
    ConfigKeeper keeper = rig.open();
    const auto base = Rig::begin(keeper).current;
    REQUIRE(keeper.install(base.id));
    opamp::RemoteConfig with_file = offer("h", "a: 1\n");
    with_file.files["x.txt"] = {"x", "text/plain"};
    const auto stored = Rig::stage(keeper, with_file);
    REQUIRE(stored);
    std::filesystem::create_directory(rig.folder / "effective.yaml");  // cannot be replaced by a file
    support::write(rig.folder / "effective.yaml/full", "");
    REQUIRE_FALSE(keeper.install(stored->revision.id));
    CHECK(std::filesystem::exists(rig.folder / "x.txt"));
    std::filesystem::remove_all(rig.folder / "effective.yaml");
    REQUIRE(keeper.install(base.id));
    CHECK_FALSE(std::filesystem::exists(rig.folder / "x.txt"));
}

TEST_CASE("what becomes of each config is written down", "[supervisor][keeper][outcome]") {
    using Verdict = config::Outcome::Verdict;
    Rig rig;
    ConfigKeeper keeper = rig.open();
    REQUIRE(keeper.install(Rig::begin(keeper).current.id));
    const auto verdict = [&](std::uint64_t id) {
        const config::Outcome* outcome = keeper.revisions().outcome(id);
        return outcome ? std::string(to_string(outcome->verdict)) + ": " + outcome->reason : "none";
    };
    const auto good = Rig::give(keeper, offer("1", "a: 1\n"));
    CHECK(verdict(good) == "none");
    REQUIRE(keeper.commit(good, {}));
    CHECK(verdict(good) == "applied: ");
    const auto proven_at = keeper.revisions().outcome(good)->at_unix_nano;
    const auto bad = Rig::give(keeper, offer("2", "a: 2\n"));
    REQUIRE(keeper.note_failure(bad, "exit code 3"));
    CHECK(verdict(bad) == "failed: exit code 3");
    REQUIRE(keeper.commit(good, {}));
    CHECK(keeper.revisions().outcome(good)->at_unix_nano == proven_at);
    REQUIRE(keeper.note_failure(good, "no longer healthy"));
    CHECK(verdict(good) == "rolled_back: no longer healthy");
    REQUIRE(keeper.commit(good, {}));
    CHECK(verdict(good) == "applied: ");
    CHECK(keeper.revisions().outcome(good)->verdict == Verdict::applied);
}

TEST_CASE("configs that fail one after the other do not fill the disk", "[supervisor][keeper][hostile]") {
    Rig rig;
    ConfigKeeper keeper = rig.open();
    REQUIRE(keeper.install(Rig::begin(keeper).current.id));
    const auto good = Rig::give(keeper, offer("1", "a: 1\n"));
    REQUIRE(keeper.commit(good, {}));
    for (int i = 0; i < 60; ++i) {
        const auto bad = Rig::give(keeper, offer("x" + std::to_string(i), "x: " + std::to_string(i) + "\n"));
        REQUIRE(keeper.note_failure(bad, "exit code 3"));
        REQUIRE(keeper.install(good));
    }
    CHECK(keeper.revisions().all().size() <= 21);
    CHECK(keeper.revisions().find(good));
}

TEST_CASE("the server's file is not taken for the operator's where the state is damaged", "[supervisor][keeper]") {
    Rig rig;
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        Rig::prove(keeper, Rig::give(keeper, offer("h", "theirs: 1\n")), "h");
    }
    std::filesystem::remove(rig.folder / "state/current");
    std::filesystem::remove(rig.folder / "state/last-good");
    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    REQUIRE(keeper.install(begun.base.id));
    CHECK(rig.effective() != "theirs: 1\n");
}

TEST_CASE("a rollback of the operator holds from the moment it is noted", "[supervisor][keeper][operator]") {
    Rig rig;
    std::uint64_t first = 0;
    {
        ConfigKeeper keeper = rig.open();
        REQUIRE(keeper.install(Rig::begin(keeper).current.id));
        first = Rig::give(keeper, offer("1", "a: 1\n"));
        Rig::prove(keeper, first, "1");
        const auto second = Rig::give(keeper, offer("2", "a: 2\n"));
        REQUIRE(keeper.commit(second, {{first, true}}));
        REQUIRE(keeper.save_status({"2", ConfigStatus::applied, ""}));
        REQUIRE(keeper.find_before({{first, true}}));
        REQUIRE(keeper.note_unwanted(second, first, "rolled back"));
        CHECK(keeper.status() == opamp::RemoteConfigStatus{"2", ConfigStatus::failed, "rolled back"});
        const auto back = keeper.find_for_rollback(second);
        REQUIRE_FALSE(back);
        CHECK(back.error().text().find("config retry") != std::string::npos);
        CHECK_FALSE(keeper.find_before({{second, true}}));
    }
    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    CHECK(begun.current.id == first);
    CHECK(begun.failure.empty());
    CHECK_FALSE(Rig::stage(keeper, offer("2", "a: 2\n")));
}
