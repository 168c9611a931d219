// A ConfigKeeper with its folders, as the supervisor uses it.
#pragma once

#include <catch2/catch.hpp>

#include <string>
#include <utility>
#include <vector>

#include "supervisor/config_keeper.hpp"
#include "support/temp_folder.hpp"

namespace keeper_rig {

using opamp::ConfigStatus;
using supervisor::ConfigKeeper;

/// One agent's state and working folder, across starts of the daemon.
struct Rig {
    ConfigKeeper open() {
        ConfigKeeper::Options options{folder / "state", folder / "effective.yaml", local, config::Format::automatic};
        options.owner = owner;
        options.private_folder = folder / "private";
        auto keeper = ConfigKeeper::open(std::move(options));
        REQUIRE(keeper);
        return std::move(*keeper);
    }
    static base::Result<ConfigKeeper::Stored> stage(ConfigKeeper& keeper, const opamp::RemoteConfig& offer) {
        const auto admitted = keeper.admit_offer(offer);
        if (!admitted) return admitted.error();
        auto composed = keeper.compose_offer(offer, *admitted);
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
    base::Owner owner;
};

inline opamp::RemoteConfig offer(const std::string& hash, const std::string& body) {
    return {{{"", {body, ""}}}, hash};
}

}  // namespace keeper_rig
