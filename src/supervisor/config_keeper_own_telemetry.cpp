// Where an agent is to send its own telemetry: a part of each revision, beside its config.
#include <algorithm>
#include <utility>

#include "base/bytes.hpp"
#include "base/files.hpp"
#include "supervisor/config_keeper.hpp"
#include "supervisor/private_folder.hpp"

namespace supervisor {
namespace {

constexpr mode_t kPrivateFile = 0600;

/// The same number for the same variables.
std::uint64_t environment_number(const std::string& own_telemetry_hash) {
    std::uint64_t number = 0;
    for (std::size_t i = 0; i < sizeof number && i < own_telemetry_hash.size(); ++i)
        number = number << 8 | static_cast<unsigned char>(own_telemetry_hash[i]);
    return number;
}

}  // namespace

lifecycle::Revision as_lifecycle(const config::Revision* revision) {
    if (!revision) return {};
    return {revision->id, revision->runs, environment_number(revision->own_telemetry)};
}

/// The operator's own configs need no proof. Variables that the server offers do.
bool ConfigKeeper::is_local(const config::Revision& revision) const {
    const bool has_proven_variables =
        revision.own_telemetry.empty() || revision.own_telemetry == store_.rollout().own_telemetry;
    return (revision.is_base || revision.is_fallback) && has_proven_variables;
}

/// `revision` with the variables of `hash` in place of its own, as a new one.
base::Result<config::Revision> ConfigKeeper::with_own_telemetry(const config::Revision& revision,
                                                                const std::string& hash) {
    auto effective = store_.load(revision);
    if (!effective) return std::move(effective).error();
    std::optional<opamp::RemoteConfig> remote;
    if (revision.remote_hash) {
        auto offer = store_.load_remote(revision);
        if (!offer) return std::move(offer).error();
        remote = std::move(*offer);
    }
    config::Revision kind = revision;
    kind.own_telemetry = hash;
    kind.is_for_own_telemetry = hash != store_.rollout().own_telemetry;
    return store_.add(std::move(kind), *effective, remote ? &*remote : nullptr);
}

/// The same, as the newest one that is there already, if there is one.
base::Result<config::Revision> ConfigKeeper::found_with_own_telemetry(const config::Revision& revision,
                                                                      const std::string& hash) {
    const auto is_wanted = [&](const config::Revision& other) {
        return other.own_telemetry == hash && other.hash == revision.hash && other.runs == revision.runs &&
               other.is_base == revision.is_base && other.is_fallback == revision.is_fallback &&
               other.remote_hash == revision.remote_hash;
    };
    if (is_wanted(revision)) return revision;
    const auto& all = store_.all();
    const auto newest =
        std::find_if(all.rbegin(), all.rend(), [&](const auto& entry) { return is_wanted(entry.second); });
    if (newest != all.rend()) return newest->second;
    return with_own_telemetry(revision, hash);
}

base::Result<ConfigKeeper::Stored> ConfigKeeper::store_own_telemetry(const config::OwnTelemetry& own_telemetry,
                                                                     std::uint64_t onto) {
    const config::Revision* found = store_.find(onto);
    if (!found) return base::Error(base::Kind::bug, "there is no revision " + std::to_string(onto));
    const config::Revision before = *found;
    const auto hash = store_.store_own_telemetry(own_telemetry);
    if (!hash) return hash.error();
    if (before.own_telemetry == *hash) {
        config::Rollout rollout = store_.rollout();
        rollout.own_telemetry = *hash;
        if (auto noted = store_.set_rollout(rollout); !noted) return std::move(noted).error();
        return Stored{before, before};
    }
    auto revision = with_own_telemetry(before, *hash);
    if (!revision) return std::move(revision).error();
    prune();
    return Stored{*revision, std::nullopt};
}

/// What the agent is given. Files that another user cannot reach in the state folder are handed over as copies, which
/// stay there as long as the agent may read them.
base::Result<config::Variables> ConfigKeeper::own_telemetry_of(const config::Revision& revision) const {
    const std::string& hash = revision.own_telemetry;
    auto variables = store_.own_telemetry().variables_of(hash);
    if (!variables || hash.empty() || options_.owner == base::Owner{}) return variables;
    const auto stored = store_.own_telemetry().load(hash);
    if (!stored) return base::Error(stored.error());
    if (stored->files.empty()) return variables;
    const auto folder = options_.private_folder / ("own_telemetry-" + base::short_hex(hash));
    std::error_code code;
    if (!std::filesystem::is_directory(folder, code))
        if (auto made = make_private_folder(folder, options_.owner); !made) return std::move(made).error();
    for (const auto& [name, content] : stored->files) {
        auto written = base::replace_file(folder / name, content, kPrivateFile, options_.owner);
        if (!written) return std::move(written).error();
        (*variables)[name] = (folder / name).string();
    }
    return variables;
}

/// Variables that were tried and have passed their gate go with every config from now on.
base::Result<void> ConfigKeeper::take_proven_own_telemetry() {
    const config::Revision* last_good = store_.last_good();
    if (!last_good || !last_good->is_for_own_telemetry || last_good != store_.current()) return {};
    config::Rollout rollout = store_.rollout();
    rollout.own_telemetry = last_good->own_telemetry;
    return store_.set_rollout(rollout);
}

}  // namespace supervisor
