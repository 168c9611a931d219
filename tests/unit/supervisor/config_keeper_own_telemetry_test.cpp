// Variables of own telemetry as a part of what an agent is given, tried, and goes back to.
#include <unistd.h>

#include "unit/supervisor/keeper_rig.hpp"

using namespace keeper_rig;

namespace {

config::OwnTelemetry variables(const std::string& endpoint) {
    return {{{"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", endpoint}}, {{"OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE", "PEM"}}};
}

/// As the supervisor does: stored, installed.
ConfigKeeper::Given give_own_telemetry(ConfigKeeper& keeper, const config::OwnTelemetry& own_telemetry) {
    const auto stored = keeper.store_own_telemetry(own_telemetry, keeper.revisions().current()->id);
    REQUIRE(stored);
    CHECK_FALSE(stored->same_as);
    auto given = keeper.install(stored->revision.id);
    REQUIRE(given);
    return std::move(*given);
}

std::string endpoint_of(const ConfigKeeper::Given& given) {
    const auto found = given.own_telemetry.find("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
    return found == given.own_telemetry.end() ? "" : found->second;
}

/// What the agent gets with revision `id`.
std::string endpoint_of(ConfigKeeper& keeper, std::uint64_t id) {
    const auto given = keeper.install(id);
    REQUIRE(given);
    return endpoint_of(*given);
}

void start(ConfigKeeper& keeper) {
    const auto begun = Rig::begin(keeper);
    REQUIRE(keeper.install(begun.current.id));
    REQUIRE(keeper.commit(begun.current.id, {}));
}

std::size_t sets(const Rig& rig) {
    const auto folder = rig.folder / "state/own_telemetry";
    if (!std::filesystem::exists(folder)) return 0;
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder), {}));
}

}  // namespace

TEST_CASE("variables come with the config that is there, and with each one after", "[supervisor][keeper]") {
    Rig rig;
    ConfigKeeper keeper = rig.open();
    start(keeper);
    Rig::prove(keeper, Rig::give(keeper, offer("h", "a: 1\n")), "h");
    const auto given = give_own_telemetry(keeper, variables("http://one"));
    CHECK(given.revision.remote_hash == "h");
    CHECK(endpoint_of(given) == "http://one");
    CHECK(support::read(given.own_telemetry.at("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE")) == "PEM");
    CHECK(rig.effective() == "a: 1\n");
    REQUIRE(keeper.commit(given.revision.id, {}));
    CHECK(endpoint_of(keeper, Rig::give(keeper, offer("other", "a: 2\n"))) == "http://one");
    CHECK(sets(rig) == 1);
}

TEST_CASE("variables that the agent has already change nothing", "[supervisor][keeper]") {
    Rig rig;
    ConfigKeeper keeper = rig.open();
    start(keeper);
    const auto id = give_own_telemetry(keeper, variables("http://one")).revision.id;
    REQUIRE(keeper.commit(id, {}));
    const auto again = keeper.store_own_telemetry(variables("http://one"), id);
    REQUIRE(again);
    REQUIRE(again->same_as);
    CHECK(again->revision == *again->same_as);
    CHECK(again->revision.id == id);
    CHECK_FALSE(keeper.store_own_telemetry(variables("http://two"), id)->same_as);
    CHECK_FALSE(keeper.store_own_telemetry({}, id)->same_as);
}

TEST_CASE("variables that are taken away leave nothing behind", "[supervisor][keeper]") {
    Rig rig;
    ConfigKeeper keeper = rig.open();
    start(keeper);
    REQUIRE(keeper.commit(give_own_telemetry(keeper, variables("http://one")).revision.id, {}));
    const auto given = give_own_telemetry(keeper, {});
    CHECK(given.own_telemetry.empty());
    REQUIRE(keeper.commit(given.revision.id, {}));
    CHECK(endpoint_of(keeper, Rig::give(keeper, offer("h", "a: 1\n"))).empty());
    // Those that a revision still has are kept for the way back; with it they go.
    CHECK(sets(rig) == 1);
    for (int i = 2; i < 30; ++i) {
        const std::string hash = std::to_string(i);
        Rig::prove(keeper, Rig::give(keeper, offer(hash, "a: " + hash + "\n")), hash);
    }
    CHECK(sets(rig) == 0);
}

TEST_CASE("variables that failed are not the config's fault", "[supervisor][keeper]") {
    Rig rig;
    ConfigKeeper keeper = rig.open();
    start(keeper);
    const auto good = Rig::give(keeper, offer("h", "a: 1\n"));
    Rig::prove(keeper, good, "h");
    const auto bad = give_own_telemetry(keeper, variables("http://bad")).revision.id;
    REQUIRE(keeper.note_failure(bad, "exit code 1"));
    CHECK(endpoint_of(keeper, good).empty());
    CHECK(keeper.admit_offer(offer("h", "a: 1\n")));
    CHECK(endpoint_of(keeper, Rig::give(keeper, offer("next", "a: 2\n"))).empty());
    // The same once more is tried once more.
    CHECK(give_own_telemetry(keeper, variables("http://bad")).revision.id > bad);
}

TEST_CASE("a config that failed takes no variables with it", "[supervisor][keeper]") {
    Rig rig;
    ConfigKeeper keeper = rig.open();
    start(keeper);
    const auto good = give_own_telemetry(keeper, variables("http://one")).revision.id;
    REQUIRE(keeper.commit(good, {}));
    const auto bad = Rig::give(keeper, offer("bad", "a: 1\n"));
    REQUIRE(keeper.note_failure(bad, "exit code 1"));
    CHECK_FALSE(keeper.admit_offer(offer("bad", "a: 1\n")));
    CHECK(endpoint_of(keeper, good) == "http://one");
}

TEST_CASE("a start of the daemon finds the variables", "[supervisor][keeper]") {
    Rig rig;
    const bool has_offer = GENERATE(false, true), is_proven = GENERATE(false, true);
    std::uint64_t id = 0;
    {
        ConfigKeeper keeper = rig.open();
        start(keeper);
        if (has_offer) Rig::prove(keeper, Rig::give(keeper, offer("h", "a: 1\n")), "h");
        id = give_own_telemetry(keeper, variables("http://one")).revision.id;
        if (is_proven) REQUIRE(keeper.commit(id, {}));
    }
    const auto before = rig.open().revisions().all().size();
    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    CHECK(begun.current.id == id);
    CHECK(begun.current.environment != 0);
    CHECK(begun.trial == !is_proven);
    CHECK(begun.failure.empty());
    CHECK(begun.offer == 0);
    CHECK(endpoint_of(keeper, begun.current.id) == "http://one");
    CHECK(keeper.revisions().all().size() == before);
    if (!begun.trial) return;
    CHECK(begun.last_good.environment == 0);
    CHECK(endpoint_of(keeper, begun.last_good.id).empty());
}

TEST_CASE("a local file that changed keeps the variables, and needs no proof for them", "[supervisor][keeper]") {
    Rig rig;
    rig.local = {rig.folder / "base.yaml"};
    support::write(rig.local.front(), "local: 1\n");
    {
        ConfigKeeper keeper = rig.open();
        start(keeper);
        REQUIRE(keeper.commit(give_own_telemetry(keeper, variables("http://one")).revision.id, {}));
    }
    support::write(rig.local.front(), "local: 2\n");
    for (int starts = 0; starts < 2; ++starts) {
        ConfigKeeper keeper = rig.open();
        const auto begun = Rig::begin(keeper);
        CHECK_FALSE(begun.trial);
        CHECK(begun.current == begun.base);
        CHECK(endpoint_of(keeper, begun.current.id) == "http://one");
        CHECK(rig.effective() == "local: 2\n");
        CHECK(keeper.revisions().all().size() == 4);
    }
}

TEST_CASE("a daemon that ends between the verdict and the way back does not try again", "[supervisor][keeper]") {
    Rig rig;
    {
        ConfigKeeper keeper = rig.open();
        start(keeper);
        const auto bad = give_own_telemetry(keeper, variables("http://bad")).revision.id;
        REQUIRE(keeper.note_failure(bad, "exit code 1"));
    }
    ConfigKeeper keeper = rig.open();
    const auto begun = Rig::begin(keeper);
    CHECK(begun.trial);
    CHECK(begun.failure == "exit code 1");
}

TEST_CASE("variables that end the daemon are given up", "[supervisor][keeper]") {
    Rig rig;
    {
        ConfigKeeper keeper = rig.open();
        start(keeper);
        give_own_telemetry(keeper, variables("http://bad"));
    }
    for (int starts = 1; starts < 3; ++starts) {
        ConfigKeeper keeper = rig.open();
        const auto begun = Rig::begin(keeper);
        CHECK(begun.failure.empty());
        REQUIRE(keeper.install(begun.current.id));
    }
    ConfigKeeper keeper = rig.open();
    CHECK(Rig::begin(keeper).failure.find("3 times") != std::string::npos);
}

TEST_CASE("a commit that the daemon did not finish is finished at the next start", "[supervisor][keeper]") {
    Rig rig;
    {
        auto store = *config::RevisionStore::open(rig.folder / "state");
        config::Revision kind;
        kind.remote_hash = "h";
        kind.own_telemetry = *store.store_own_telemetry(variables("http://one"));
        kind.is_for_own_telemetry = true;
        const auto sent = offer("h", "a: 1\n");
        const auto revision = store.add(kind, {true, "a: 1\n", {}}, &sent);
        REQUIRE(revision);
        REQUIRE(store.set_current(revision->id));
        REQUIRE(store.set_last_good(revision->id));
    }
    ConfigKeeper keeper = rig.open();
    REQUIRE(keeper.install(Rig::begin(keeper).current.id));
    CHECK(endpoint_of(keeper, Rig::give(keeper, offer("next", "a: 2\n"))) == "http://one");
}

TEST_CASE("the operator goes back to the config without its variables", "[supervisor][keeper]") {
    Rig rig;
    ConfigKeeper keeper = rig.open();
    start(keeper);
    const auto plain = Rig::give(keeper, offer("h", "a: 1\n"));
    Rig::prove(keeper, plain, "h");
    const auto with = give_own_telemetry(keeper, variables("http://one")).revision.id;
    REQUIRE(keeper.commit(with, {{plain, true}}));
    const auto found = keeper.find_before();
    REQUIRE(found);
    CHECK(found->id == plain);
    REQUIRE(keeper.note_unwanted(with, plain, "rolled back by the operator"));
    CHECK(keeper.status() == opamp::RemoteConfigStatus{"h", ConfigStatus::applied, ""});
    CHECK(keeper.admit_offer(offer("h", "a: 1\n")));
    CHECK(endpoint_of(keeper, Rig::give(keeper, offer("next", "a: 2\n"))).empty());
}

TEST_CASE("variables that are damaged are not given to the agent", "[supervisor][keeper]") {
    Rig rig;
    std::string file;
    {
        ConfigKeeper keeper = rig.open();
        start(keeper);
        const auto given = give_own_telemetry(keeper, variables("http://one"));
        REQUIRE(keeper.commit(given.revision.id, {}));
        file = given.own_telemetry.at("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE");
    }
    support::write(file, "something else");
    ConfigKeeper keeper = rig.open();
    CHECK(keeper.notes().size() >= 2);
    const auto begun = Rig::begin(keeper);
    CHECK(begun.current == begun.base);
    CHECK(endpoint_of(keeper, begun.current.id).empty());
    // What was wrong is written again.
    CHECK(support::read(give_own_telemetry(keeper, variables("http://one"))
                            .own_telemetry.at("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE")) == "PEM");
}

TEST_CASE("certificates are handed to an agent of another user where it can reach them", "[supervisor][keeper]") {
    Rig rig;
    rig.owner = {::geteuid(), ::getegid()};
    ConfigKeeper keeper = rig.open();
    start(keeper);
    const auto given = give_own_telemetry(keeper, variables("http://one"));
    const std::filesystem::path file = given.own_telemetry.at("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE");
    CHECK(file.parent_path().parent_path() == rig.folder / "private");
    CHECK(support::read(file) == "PEM");
    CHECK(base::is_of(file, rig.owner));
    CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::mask) ==
          (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
    const auto again = keeper.install(given.revision.id);
    REQUIRE(again);
    CHECK(again->own_telemetry.at("OTEL_EXPORTER_OTLP_TRACES_CERTIFICATE") == file);
}

TEST_CASE("the copy to be checked is where the agent's user can reach it, and gone afterwards",
          "[supervisor][keeper]") {
    Rig rig;
    rig.owner = {::geteuid(), ::getegid()};
    ConfigKeeper keeper = rig.open();
    start(keeper);
    const auto admitted = keeper.admit_offer(offer("h", "a: 1\n"));
    REQUIRE(admitted);
    const auto composed = keeper.compose_offer(offer("h", "a: 1\n"), *admitted);
    REQUIRE(composed);
    const auto copy = keeper.write_copy(composed->effective);
    REQUIRE(copy);
    REQUIRE(*copy);
    CHECK(**copy == rig.folder / "private" / "check" / "effective.yaml");
    CHECK(support::read(**copy) == "a: 1\n");
    REQUIRE(keeper.end_check("h", std::nullopt));
    CHECK_FALSE(std::filesystem::exists(rig.folder / "private" / "check"));
}
