#include "supervisor/config_keeper.hpp"

#include "base/files.hpp"
#include "base/log.hpp"

namespace supervisor {
namespace {

constexpr std::size_t kRevisionsKept = 20;

}  // namespace

lifecycle::Revision as_lifecycle(const config::Revision* revision) {
    return revision ? lifecycle::Revision{revision->id, revision->runs} : lifecycle::Revision{};
}

base::Result<ConfigKeeper> ConfigKeeper::open(Options options) {
    auto store = config::RevisionStore::open(options.folder);
    if (!store) return std::move(store).error();
    ConfigKeeper keeper(std::move(options), std::move(*store));
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

base::Result<lifecycle::Begun> ConfigKeeper::begin(lifecycle::OfferId trial_offer) {
    auto local = store_base();
    if (!local) return std::move(local).error();
    auto start = choose_start(*local);
    if (!start) return std::move(start).error();

    lifecycle::Begun begun;
    begun.current = as_lifecycle(&*start);
    begun.last_good = as_lifecycle(store_.last_good());
    begun.base = as_lifecycle(&*local);
    begun.trial = begun.current != begun.last_good && begun.current != begun.base;

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

base::Result<ConfigKeeper::Outcome> ConfigKeeper::stage(const opamp::RemoteConfig& offer) {
    auto effective = compose(&offer.files);
    if (!effective) return std::move(effective).error();
    if (auto are_free = config::check_names(*effective, installed_, options_.config_path); !are_free)
        return std::move(are_free).error();
    const config::Revision* current = store_.current();
    const bool is_same = current && current->hash == config::hash(*effective) && current->runs == effective->runs;
    if (is_same && current->remote_hash == offer.hash) return Outcome{*current, lifecycle::Change::none};
    auto revision = store_.add(*effective, &offer);
    if (!revision) return std::move(revision).error();
    return Outcome{*revision, is_same ? lifecycle::Change::none : lifecycle::Change::config};
}

base::Result<void> ConfigKeeper::install(std::uint64_t id) {
    const config::Revision* revision = store_.find(id);
    if (!revision) return base::Error(base::Kind::bug, "there is no revision " + std::to_string(id));
    auto effective = store_.load(*revision);
    if (!effective) return std::move(effective).error();
    // The link first: a daemon that ends in between finds a trial, never an unproven config that looks proven.
    if (auto pointed = store_.set_current(id); !pointed) return std::move(pointed).error();
    if (auto installed = config::install(*effective, installed_, options_.config_path); !installed)
        return std::move(installed).error();
    installed_ = config::Installed(*effective);
    return {};
}

base::Result<void> ConfigKeeper::commit(std::uint64_t id) {
    auto committed = store_.set_last_good(id);
    store_.prune(kRevisionsKept);
    return committed;
}

}  // namespace supervisor
