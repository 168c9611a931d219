// What an agent is given, and what a stop in the middle leaves.
#include "unit/supervisor/keeper_rig.hpp"

using namespace keeper_rig;

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
