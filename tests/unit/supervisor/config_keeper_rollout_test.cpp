// What is remembered of rollouts.
#include "unit/supervisor/keeper_rig.hpp"

using namespace keeper_rig;

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
        CHECK(keeper.find_before()->id == first);
        REQUIRE(keeper.note_unwanted(second, first, "rolled back"));
        CHECK(keeper.status() == opamp::RemoteConfigStatus{"2", ConfigStatus::failed, "rolled back"});
        const auto back = keeper.find_for_rollback(second);
        REQUIRE_FALSE(back);
        CHECK(back.error().text().find("config retry") != std::string::npos);
        CHECK(keeper.find_before()->id != second);
    }
    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    CHECK(begun.current.id == first);
    CHECK(begun.failure.empty());
    CHECK_FALSE(Rig::stage(keeper, offer("2", "a: 2\n")));
}
