// How an agent begins: what of the last run goes on, and what of it may not.
#include <utility>

#include "base/files.hpp"
#include "base/log.hpp"
#include "config/signature.hpp"
#include "supervisor/config_keeper.hpp"

namespace supervisor {

/// The revision of the local config alone. Without local files it is what the operator left at the config's path.
base::Result<config::Revision> ConfigKeeper::store_base() {
    auto effective = compose(nullptr);
    if (!effective) return std::move(effective).error();
    const config::Revision* known = store_.base();
    if (options_.local_files.empty()) {
        const config::Revision* current = store_.current();
        if (current ? !current->is_base : store_.had_others_than_base()) {
            // The file there is the server's, not the operator's: only what was found before the first offer counts.
            if (known) return *known;
        } else if (auto found = base::read_file(options_.config_path)) {
            effective->main = std::move(*found);
        }
    }
    if (known && known->hash == config::hash(*effective) && known->runs == effective->runs) return *known;
    return store_.add(*effective, nullptr);
}

/// The revision of the fallback configs; nothing where there are none. One that cannot be composed is said, and is
/// none.
std::optional<config::Revision> ConfigKeeper::store_fallback() {
    if (options_.fallback_files.empty()) return std::nullopt;
    auto effective = compose_of(options_.fallback_files, nullptr);
    const config::Revision* known = store_.fallback();
    if (effective && known && known->hash == config::hash(*effective)) return *known;
    auto stored = effective ? store_.add_fallback(*effective) : base::Result<config::Revision>(effective.error());
    if (stored) return *stored;
    base::log::warning("config.no_fallback",
                       {{"agent", options_.folder.filename().string()}, {"error", stored.error().text()}});
    return std::nullopt;
}

/// `revision`, made again from its offer if the local files have changed since.
base::Result<config::Revision> ConfigKeeper::with_present_local_files(const config::Revision& revision) {
    auto offer = store_.load_remote(revision);
    if (!offer) return std::move(offer).error();
    const auto files = config::without_signature(offer->files);
    auto effective = compose(&files);
    if (!effective) return std::move(effective).error();
    if (config::hash(*effective) == revision.hash && effective->runs == revision.runs) return revision;
    config::Revision kind = revision;
    kind.is_for_own_telemetry = revision.own_telemetry != store_.rollout().own_telemetry;
    return store_.add(std::move(kind), *effective, &*offer);
}

/// Why the rules of now do not let the offer of a stored revision through.
std::optional<std::string> ConfigKeeper::refusal_of(const config::Revision& revision) const {
    const config::Admission& rules = options_.admission;
    if (!revision.remote_hash || rules == config::Admission{}) return std::nullopt;
    auto offer = store_.load_remote(revision);
    auto admitted = offer ? config::admit(offer->files, rules, options_.format, {})
                          : base::Result<config::Admitted>(std::move(offer).error());
    return admitted ? std::nullopt : std::optional(admitted.error().text());
}

base::Result<void> ConfigKeeper::note_refusal(const config::Revision& revision, const std::string& reason) {
    base::log::warning("config.refused",
                       {{"agent", options_.folder.filename().string()}, {"revision", revision.id}, {"error", reason}});
    opamp::RemoteConfigStatus status = store_.status();
    if (status.status == opamp::ConfigStatus::failed || status.hash != revision.remote_hash) return {};
    status.status = opamp::ConfigStatus::failed;
    status.error_message = reason;
    return store_.set_status(status);
}

/// Of what proved good; null: none.
const config::Revision* ConfigKeeper::best_admitted() const {
    std::vector<const config::Revision*> good{store_.last_good()};
    for (const std::uint64_t id : store_.rollout().older_good) good.push_back(store_.find(id));
    for (const config::Revision* revision : good)
        if (revision && !refusal_of(*revision)) return revision;
    return nullptr;
}

base::Result<config::Revision> ConfigKeeper::choose_start(const config::Revision& local,
                                                          const config::Revision* fallback, bool has_local_changed) {
    const opamp::RemoteConfigStatus& status = store_.status();
    const config::Revision* wanted = store_.current();
    if (status.status == opamp::ConfigStatus::applying) {
        // Stored, but the daemon ended before the agent was given it: the newest of that hash.
        const config::Revision* offered = store_.find_offer(status.hash);
        if (offered && (!wanted || offered->id > wanted->id)) wanted = offered;
    }
    if (!wanted) wanted = store_.last_good();
    if (wanted) {
        if (const auto refusal = refusal_of(*wanted)) {
            if (auto noted = note_refusal(*wanted, *refusal); !noted) return std::move(noted).error();
            wanted = best_admitted();
        }
    }
    // What the agent had it has again, but for the variables of a daemon that lost all configs.
    const std::string own_telemetry = wanted ? wanted->own_telemetry : store_.rollout().own_telemetry;
    std::error_code ignored;
    const bool has_local = !options_.local_files.empty() || std::filesystem::exists(options_.config_path, ignored);
    if (!wanted && fallback && !has_local)
        return found_with_own_telemetry(*fallback, own_telemetry);  // until the server has offered something
    // A fallback is left once there is something else to try, or it has changed.
    if (wanted && wanted->is_fallback && fallback && !has_local_changed)
        return found_with_own_telemetry(*fallback, own_telemetry);
    if (!wanted || wanted->is_base || wanted->is_fallback) return found_with_own_telemetry(local, own_telemetry);
    auto present = with_present_local_files(*wanted);
    if (present) return present;
    base::log::warning(
        "config.not_composed_again",
        {{"agent", options_.folder.filename().string()}, {"revision", wanted->id}, {"error", present.error().text()}});
    return *wanted;
}

/// What failed with other local files may be good with these.
base::Result<bool> ConfigKeeper::forget_failures_of_other_local_files(const config::Revision& local) {
    config::Rollout rollout = store_.rollout();
    const bool has_changed = std::exchange(rollout.local_hash, local.hash) != local.hash;
    if (has_changed) rollout.failed.clear();
    if (auto noted = store_.set_rollout(rollout); !noted) return std::move(noted).error();
    return has_changed;
}

std::vector<lifecycle::Revision> ConfigKeeper::older_good() const {
    std::vector<lifecycle::Revision> found;
    for (const std::uint64_t id : store_.rollout().older_good) {
        const config::Revision* revision = store_.find(id);
        const bool is_way = revision && revision->runs && revision != store_.last_good();
        if (is_way && !refusal_of(*revision)) found.push_back(as_lifecycle(revision));
    }
    return found;
}

/// The verdict on the offer of a candidate, where the daemon ended between that and the rollback.
std::optional<std::string> ConfigKeeper::verdict_on(const config::Revision& candidate) const {
    if (candidate.is_for_own_telemetry) {
        const config::Outcome* outcome = store_.outcome(candidate.id);
        const bool has_failed = outcome && outcome->verdict == config::Outcome::Verdict::failed;
        return has_failed ? std::optional(outcome->reason) : std::nullopt;
    }
    const opamp::RemoteConfigStatus& status = store_.status();
    if (status.status == opamp::ConfigStatus::failed && candidate.remote_hash == status.hash)
        return status.error_message;
    const auto* failed = candidate.remote_hash ? store_.rollout().find_failed(*candidate.remote_hash) : nullptr;
    return failed ? std::optional(failed->reason) : std::nullopt;
}

/// Nothing while the candidate may be tried, again or for the first time.
std::optional<std::string> ConfigKeeper::reason_to_give_up(const config::Revision& candidate) const {
    if (auto verdict = verdict_on(candidate)) return verdict;
    const config::Rollout& rollout = store_.rollout();
    if (rollout.candidate == candidate.id && rollout.starts >= static_cast<int>(options_.max_trials))
        return "opampd ended each of the " + std::to_string(rollout.starts) + " times that it was tried";
    return std::nullopt;
}

base::Result<lifecycle::Begun> ConfigKeeper::begin(lifecycle::OfferId trial_offer) {
    // The daemon may have ended between the commit and this.
    if (auto taken = take_proven_own_telemetry(); !taken) return std::move(taken).error();
    auto local = store_base();
    if (!local) return std::move(local).error();
    const auto has_changed = forget_failures_of_other_local_files(*local);
    if (!has_changed) return has_changed.error();
    const auto fallback = store_fallback();
    auto start = choose_start(*local, fallback ? &*fallback : nullptr, *has_changed);
    if (!start) return std::move(start).error();
    prune();

    lifecycle::Begun begun;
    begun.current = as_lifecycle(&*start);
    const config::Revision* last_good = store_.last_good();
    begun.last_good = as_lifecycle(last_good && refusal_of(*last_good) ? nullptr : last_good);
    begun.base = as_lifecycle(start->is_base && is_local(*start) ? &*start : &*local);
    begun.older_good = older_good();
    if (fallback) begun.fallbacks.push_back(as_lifecycle(&*fallback));
    begun.trial = begun.current != begun.last_good && !is_local(*start);
    if (begun.trial) begun.failure = reason_to_give_up(*start).value_or("");

    opamp::RemoteConfigStatus status = store_.status();
    if (status.status == opamp::ConfigStatus::applying) {
        if (begun.trial && start->remote_hash == status.hash) {
            begun.offer = trial_offer;
            return begun;
        }
        // Committed, and the daemon ended before it could say so; or lost before it was stored: then the server offers
        // again.
        const bool is_good = start->remote_hash == status.hash;
        status = is_good ? opamp::RemoteConfigStatus{status.hash, opamp::ConfigStatus::applied, ""}
                         : opamp::RemoteConfigStatus{};
        if (auto saved = store_.set_status(status); !saved) return std::move(saved).error();
    }
    return begun;
}

}  // namespace supervisor
