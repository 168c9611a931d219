#include "supervisor/config_keeper.hpp"

#include <algorithm>
#include <utility>

#include "base/files.hpp"
#include "base/log.hpp"

namespace supervisor {

using Verdict = config::Outcome::Verdict;

lifecycle::Revision as_lifecycle(const config::Revision* revision) {
    return revision ? lifecycle::Revision{revision->id, revision->runs} : lifecycle::Revision{};
}

base::Result<ConfigKeeper> ConfigKeeper::open(Options options) {
    auto store = config::RevisionStore::open(options.folder);
    if (!store) return std::move(store).error();
    ConfigKeeper keeper(std::move(options), std::move(*store));
    keeper.remove_copy();
    if (const config::Revision* current = keeper.store_.current())
        if (const auto effective = keeper.store_.load(*current)) keeper.installed_ = config::Installed(*effective);
    for (const auto& [id, revision] : keeper.store_.all()) keeper.note_leftovers(revision);
    return keeper;
}

/// A stop in the middle of `install` leaves files of the config before: those with exactly its content are ours to
/// replace and to remove.
void ConfigKeeper::note_leftovers(const config::Revision& revision) {
    if (&revision == store_.current() || (installed_.main && !store_.has_files_beside(revision))) return;
    auto effective = store_.load(revision);
    if (!effective) return;
    if (!installed_.main && effective->main && base::has_content(options_.config_path, *effective->main))
        installed_.main = true;
    for (const auto& [name, body] : effective->beside)
        if (base::has_content(options_.config_path.parent_path() / name, body)) installed_.beside.insert(name);
}

base::Result<config::Effective> ConfigKeeper::compose(const opamp::ConfigMap* remote) const {
    std::vector<config::LocalFile> local;
    for (const auto& file : options_.local_files) {
        auto body = base::read_file(file);
        if (!body) return std::move(body).error();
        local.push_back({file.string(), std::move(*body)});
    }
    return config::compose(local, remote, options_.format);
}

/// The revision of the local config alone. Without local files it is what the operator left at the config's path.
base::Result<config::Revision> ConfigKeeper::store_base() {
    auto effective = compose(nullptr);
    if (!effective) return std::move(effective).error();
    const config::Revision* known = store_.base();
    const config::Revision* current = store_.current();
    if (options_.local_files.empty()) {
        if (current && !current->is_base) {
            // The file there is the server's, not the operator's: only what was found before the first offer counts.
            if (known) return *known;
        } else if (auto found = base::read_file(options_.config_path)) {
            effective->main = std::move(*found);
        }
    }
    if (known && known->hash == config::hash(*effective) && known->runs == effective->runs) return *known;
    return store_.add(*effective, nullptr);
}

/// `revision`, made again from its offer if the local files have changed since.
base::Result<config::Revision> ConfigKeeper::with_present_local_files(const config::Revision& revision) {
    auto offer = store_.load_remote(revision);
    if (!offer) return std::move(offer).error();
    auto effective = compose(&offer->files);
    if (!effective) return std::move(effective).error();
    if (config::hash(*effective) == revision.hash && effective->runs == revision.runs) return revision;
    return store_.add(*effective, &*offer);
}

base::Result<config::Revision> ConfigKeeper::choose_start(const config::Revision& local) {
    const opamp::RemoteConfigStatus& status = store_.status();
    const config::Revision* wanted = store_.current();
    if (status.status == opamp::ConfigStatus::applying) {
        // Stored, but the daemon ended before the agent was given it: the newest of that hash.
        const config::Revision* offered = store_.find_offer(status.hash);
        if (offered && (!wanted || offered->id > wanted->id)) wanted = offered;
    }
    if (!wanted) wanted = store_.last_good();
    if (!wanted || wanted->is_base) return local;
    auto present = with_present_local_files(*wanted);
    if (present) return present;
    base::log::warning(
        "config.not_composed_again",
        {{"agent", options_.folder.filename().string()}, {"revision", wanted->id}, {"error", present.error().text()}});
    return *wanted;
}

/// What failed with other local files may be good with these.
base::Result<void> ConfigKeeper::forget_failures_of_other_local_files(const config::Revision& local) {
    config::Rollout rollout = store_.rollout();
    if (std::exchange(rollout.local_hash, local.hash) != local.hash) rollout.failed.clear();
    return store_.set_rollout(rollout);
}

bool ConfigKeeper::is_proven(const config::Revision& revision) const {
    return revision.is_base || store_.was_good(revision.id);
}

std::vector<lifecycle::Revision> ConfigKeeper::older_good() const {
    std::vector<lifecycle::Revision> found;
    for (const std::uint64_t id : store_.rollout().older_good) {
        const config::Revision* revision = store_.find(id);
        if (revision && revision->runs && revision != store_.last_good()) found.push_back(as_lifecycle(revision));
    }
    return found;
}

/// Nothing while the candidate may be tried, again or for the first time.
std::optional<std::string> ConfigKeeper::reason_to_give_up(const config::Revision& candidate) const {
    const config::Rollout& rollout = store_.rollout();
    const opamp::RemoteConfigStatus& status = store_.status();
    // The daemon ended between the verdict and the rollback.
    if (status.status == opamp::ConfigStatus::failed && candidate.remote_hash == status.hash)
        return status.error_message;
    if (const auto* failed = candidate.remote_hash ? rollout.find_failed(*candidate.remote_hash) : nullptr)
        return failed->reason;
    if (rollout.candidate == candidate.id && rollout.starts >= static_cast<int>(options_.max_trials))
        return "opampd ended each of the " + std::to_string(rollout.starts) + " times that it was tried";
    return std::nullopt;
}

base::Result<lifecycle::Begun> ConfigKeeper::begin(lifecycle::OfferId trial_offer) {
    auto local = store_base();
    if (!local) return std::move(local).error();
    if (auto forgotten = forget_failures_of_other_local_files(*local); !forgotten) return std::move(forgotten).error();
    auto start = choose_start(*local);
    if (!start) return std::move(start).error();
    prune();

    lifecycle::Begun begun;
    begun.current = as_lifecycle(&*start);
    begun.last_good = as_lifecycle(store_.last_good());
    begun.base = as_lifecycle(&*local);
    begun.older_good = older_good();
    begun.trial = begun.current != begun.last_good && begun.current != begun.base;

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

base::Result<config::Effective> ConfigKeeper::compose_offer(const opamp::RemoteConfig& offer) {
    if (const auto* failed = store_.rollout().find_failed(offer.hash))
        return base::Error(base::Kind::invalid, failed->reason);
    auto effective = compose(&offer.files);
    if (!effective) return effective;
    if (auto are_free = config::check_names(*effective, installed_, options_.config_path); !are_free)
        return std::move(are_free).error();
    return effective;
}

bool ConfigKeeper::is_current(const config::Effective& effective) const {
    const config::Revision* current = store_.current();
    return current && current->runs == effective.runs && current->hash == config::hash(effective);
}

base::Result<std::optional<std::filesystem::path>> ConfigKeeper::write_copy(const config::Effective& effective) {
    constexpr mode_t kPrivateFile = 0600, kPrivateFolder = 0700;
    if (!effective.main || is_current(effective)) return std::optional<std::filesystem::path>();
    remove_copy();
    if (auto made = base::make_folder(copy_folder(), kPrivateFolder); !made) return std::move(made).error();
    const auto file = copy_folder() / options_.config_path.filename();
    auto written = base::replace_file(file, *effective.main, kPrivateFile);
    for (auto next = effective.beside.begin(); written && next != effective.beside.end(); ++next)
        written = base::replace_file(copy_folder() / next->first, next->second, kPrivateFile);
    if (!written) return std::move(written).error();
    return std::optional(file);
}

void ConfigKeeper::remove_copy() {
    std::error_code ignored;
    std::filesystem::remove_all(copy_folder(), ignored);
}

base::Result<ConfigKeeper::Stored> ConfigKeeper::store(const opamp::RemoteConfig& offer,
                                                       const config::Effective& effective) {
    const auto same_as = is_current(effective) ? std::optional(*store_.current()) : std::nullopt;
    if (same_as && same_as->remote_hash == offer.hash) return Stored{*same_as, same_as};
    auto revision = store_.add(effective, &offer);
    if (!revision) return std::move(revision).error();
    prune();
    return Stored{*revision, same_as};
}

base::Result<void> ConfigKeeper::end_check(const std::string& remote_hash, const std::optional<std::string>& refusal) {
    remove_copy();
    if (!refusal || remote_hash.empty()) return {};
    config::Rollout rollout = store_.rollout();
    rollout.remember_failed(remote_hash, *refusal);
    return store_.set_rollout(rollout);
}

base::Result<ConfigKeeper::Given> ConfigKeeper::install(std::uint64_t id) {
    const config::Revision* revision = store_.find(id);
    if (!revision) return base::Error(base::Kind::bug, "there is no revision " + std::to_string(id));
    auto effective = store_.load(*revision);
    if (!effective) return std::move(effective).error();
    if (!is_proven(*revision)) {
        // Before it is current: however the daemon ends, the start counts.
        config::Rollout rollout = store_.rollout();
        rollout.starts = rollout.candidate == id ? rollout.starts + 1 : 1;
        rollout.candidate = id;
        if (auto noted = store_.set_rollout(rollout); !noted) return std::move(noted).error();
    }
    // The link first: a daemon that ends in between finds a trial, never an unproven config that looks proven.
    if (auto pointed = store_.set_current(id); !pointed) return std::move(pointed).error();
    if (auto installed = config::install(*effective, installed_, options_.config_path); !installed)
        return std::move(installed).error();
    installed_ = config::Installed(*effective);
    return Given{*revision, store_.report_of(*revision)};
}

base::Result<void> ConfigKeeper::commit(std::uint64_t id, const std::vector<lifecycle::Revision>& older_good) {
    const config::Revision* revision = store_.find(id);
    if (!revision) return base::Error(base::Kind::bug, "there is no revision " + std::to_string(id));
    // Before it is last-good: whatever is, has its outcome.
    const config::Outcome* before = store_.outcome(id);
    base::Result<void> told;
    if (!before || before->verdict != Verdict::applied)
        told = store_.set_outcome(id, {Verdict::applied, base::unix_nano_now(), ""});
    if (auto committed = store_.set_last_good(id); !committed) return committed;
    config::Rollout rollout = store_.rollout();
    rollout.candidate = 0;
    rollout.starts = 0;
    rollout.older_good.clear();
    for (const lifecycle::Revision& older : older_good) rollout.older_good.push_back(older.id);
    if (revision->remote_hash) rollout.forget_failed(*revision->remote_hash);
    auto noted = store_.set_rollout(rollout);
    prune();
    return noted ? told : noted;
}

base::Result<void> ConfigKeeper::note_failure(std::uint64_t from, const std::string& reason) {
    const config::Revision* revision = store_.find(from);
    if (!revision) return base::Error(base::Kind::bug, "there is no revision " + std::to_string(from));
    const config::Outcome* before = store_.outcome(from);
    const bool was_good = store_.was_good(from) || (before && before->verdict == Verdict::applied);
    auto told =
        store_.set_outcome(from, {was_good ? Verdict::rolled_back : Verdict::failed, base::unix_nano_now(), reason});
    if (is_proven(*revision)) return told;  // what was good before may be so again
    config::Rollout rollout = store_.rollout();
    if (revision->remote_hash && !revision->remote_hash->empty())
        rollout.remember_failed(*revision->remote_hash, reason);
    rollout.candidate = 0;
    rollout.starts = 0;
    auto noted = store_.set_rollout(rollout);
    return noted ? told : noted;
}

}  // namespace supervisor
