#include "supervisor/config_keeper.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/acting_for.hpp"
#include "base/files.hpp"
#include "base/log.hpp"
#include "supervisor/private_folder.hpp"

namespace supervisor {

using Verdict = config::Outcome::Verdict;

namespace {

std::uint64_t unix_seconds_now() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count());
}

/// The same files for the agent, by the same name.
bool is_same_config(const config::Revision& a, const config::Revision& b) {
    return a.hash == b.hash && a.runs == b.runs && a.remote_hash == b.remote_hash;
}

base::Result<void> make_missing_folder(const std::filesystem::path& folder, const base::Owner& owner) {
    constexpr mode_t kPrivateFolder = 0700;
    std::error_code code;
    if (std::filesystem::is_directory(folder, code)) return {};
    const base::ActingFor acting(owner, folder);
    if (auto made = base::make_folder(folder, kPrivateFolder); !made) return made;
    return base::give_to(folder, owner);
}

}  // namespace

base::Result<ConfigKeeper> ConfigKeeper::open(Options options) {
    auto store = config::RevisionStore::open(options.folder);
    if (!store) return std::move(store).error();
    ConfigKeeper keeper(std::move(options), std::move(*store));
    keeper.remove_copy();
    if (const config::Revision* current = keeper.store_.current())
        if (const auto effective = keeper.store_.load(*current)) keeper.installed_ = config::Installed(*effective);
    base::remove_unfinished(keeper.options_.config_path);
    for (const std::string& name : keeper.installed_.beside) base::remove_unfinished(keeper.path_beside(name));
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
    for (const auto& [name, body] : effective->beside) {
        base::remove_unfinished(path_beside(name));
        if (base::has_content(path_beside(name), body)) installed_.beside.insert(name);
    }
}

base::Result<config::Effective> ConfigKeeper::compose(const opamp::ConfigMap* remote) const {
    return compose_of(options_.local_files, remote);
}

base::Result<config::Effective> ConfigKeeper::compose_of(const std::vector<std::filesystem::path>& files,
                                                         const opamp::ConfigMap* remote) const {
    std::vector<config::LocalFile> local;
    for (const auto& file : files) {
        auto body = base::read_file(file);
        if (!body) return std::move(body).error();
        local.push_back({file.string(), std::move(*body)});
    }
    if (options_.folder_of_files) return config::compose_folder(local, remote, options_.format, main_file());
    return config::compose(local, remote, options_.format);
}

base::Result<config::Admitted> ConfigKeeper::admit_offer(const opamp::RemoteConfig& offer) {
    if (const auto* failed = store_.rollout().find_failed(offer.hash))
        return base::Error(base::Kind::invalid, failed->reason);
    const config::Moment moment{unix_seconds_now(), store_.rollout().serial};
    return config::admit(offer.files, options_.admission, options_.format, moment);
}

base::Result<ConfigKeeper::Composed> ConfigKeeper::compose_offer(const opamp::RemoteConfig& offer,
                                                                 const config::Admitted& admitted) {
    auto effective = compose(admitted.files ? &*admitted.files : &offer.files);
    if (!effective) return std::move(effective).error();
    if (auto are_free = config::check_names(*effective, installed_, options_.config_path); !are_free)
        return std::move(are_free).error();
    return Composed{std::move(*effective), admitted.serial};
}

bool ConfigKeeper::is_current_config(const config::Effective& effective) const {
    const config::Revision* current = store_.current();
    return current && current->runs == effective.runs && current->hash == config::hash(effective);
}

base::Result<std::optional<std::filesystem::path>> ConfigKeeper::write_copy(const config::Effective& effective) {
    const bool is_empty = !effective.main && (!options_.folder_of_files || effective.beside.empty());
    if (is_empty || is_current_config(effective)) return std::optional<std::filesystem::path>();
    remove_copy();
    if (auto made = make_private_folder(copy_folder(), options_.owner); !made) return std::move(made).error();
    const auto file = copy_folder() / options_.config_path.filename();
    const config::Installed nothing;
    if (auto written = config::install(effective, nothing, file, options_.owner); !written)
        return std::move(written).error();
    return std::optional(file);
}

void ConfigKeeper::remove_copy() {
    std::error_code code;
    std::filesystem::remove_all(copy_folder(), code);
    if (!code) return;
    base::log::warning(
        "config_check.copy_left",
        {{"agent", options_.folder.filename().string()},
         {"error", base::errno_error(code.value()).within("removing '" + copy_folder().string() + "'").text()}});
}

base::Result<ConfigKeeper::Stored> ConfigKeeper::store(const opamp::RemoteConfig& offer, const Composed& composed) {
    const config::Effective& effective = composed.effective;
    if (composed.serial) {
        config::Rollout rollout = store_.rollout();
        rollout.serial = composed.serial;
        if (auto noted = store_.set_rollout(rollout); !noted) return std::move(noted).error();
    }
    config::Revision kind;
    kind.remote_hash = offer.hash;
    kind.own_telemetry = store_.rollout().own_telemetry;
    const bool is_same = is_current_config(effective) && store_.current()->own_telemetry == kind.own_telemetry;
    const auto same_as = is_same ? std::optional(*store_.current()) : std::nullopt;
    if (same_as && same_as->remote_hash == offer.hash) return Stored{*same_as, same_as};
    auto revision = store_.add(std::move(kind), effective, &offer);
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
    auto own_telemetry = own_telemetry_of(*revision);
    if (!own_telemetry) return std::move(own_telemetry).error();
    if (auto are_free = config::check_names(*effective, installed_, options_.config_path); !are_free)
        return std::move(are_free).error();
    if (!is_proven(*revision) && counted_ != id) {
        // Before it is current: however the daemon ends, the start counts; one a life of it.
        config::Rollout rollout = store_.rollout();
        rollout.starts = rollout.candidate == id ? rollout.starts + 1 : 1;
        rollout.candidate = id;
        counted_ = id;
        if (auto noted = store_.set_rollout(rollout); !noted) return std::move(noted).error();
    }
    // The link first: a daemon that ends in between finds a trial, never an unproven config that looks proven.
    if (auto pointed = store_.set_current(id); !pointed) {
        if (!is_proven(*revision)) return std::move(pointed).error();
        // What is known to be good runs all the same; the next start tries once more what the link leads to.
        base::log::error(
            "config.link_failed",
            {{"agent", options_.folder.filename().string()}, {"revision", id}, {"error", pointed.error().text()}});
    }
    if (options_.folder_of_files)
        if (auto made = make_missing_folder(options_.config_path.parent_path(), options_.owner); !made)
            return std::move(made).error();
    // If it fails half-way, files of both are there.
    installed_.add(*effective);
    if (auto installed = config::install(*effective, installed_, options_.config_path, options_.owner); !installed)
        return std::move(installed).error();
    installed_ = config::Installed(*effective);
    return Given{*revision, store_.report_of(*revision, options_.redactor), std::move(*own_telemetry)};
}

base::Result<ConfigKeeper::Given> ConfigKeeper::adopt(std::uint64_t id) {
    if (auto pointed = store_.set_current(id); !pointed) return std::move(pointed).error();
    const config::Revision& revision = *store_.find(id);
    return Given{revision, store_.report_of(revision, options_.redactor)};
}

base::Result<void> ConfigKeeper::commit(std::uint64_t id, const std::vector<lifecycle::Revision>& older_good) {
    const config::Revision* revision = store_.find(id);
    if (!revision) return base::Error(base::Kind::bug, "there is no revision " + std::to_string(id));
    // Before it is last-good: whatever is, has its outcome.
    const config::Outcome* before = store_.outcome(id);
    base::Result<void> told;
    if (!before || before->verdict != Verdict::applied)
        told = store_.set_outcome(id, {Verdict::applied, base::unix_nano_now(), ""});
    // The ways back first: what is last-good still stays one of them, whatever ends opampd in between.
    config::Rollout rollout = store_.rollout();
    rollout.candidate = 0;
    rollout.starts = 0;
    rollout.older_good.clear();
    for (const lifecycle::Revision& older : older_good) rollout.older_good.push_back(older.id);
    if (revision->remote_hash) rollout.forget_failed(*revision->remote_hash);
    auto noted = store_.set_rollout(rollout);
    if (auto committed = store_.set_last_good(id); !committed) return committed;
    if (auto taken = take_proven_own_telemetry(); !taken) return taken;
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
    // Of variables the outcome says it: offered again, they are tried again.
    if (revision->remote_hash && !revision->remote_hash->empty() && !revision->is_for_own_telemetry)
        rollout.remember_failed(*revision->remote_hash, reason);
    rollout.candidate = 0;
    rollout.starts = 0;
    auto noted = store_.set_rollout(rollout);
    return noted ? told : noted;
}

base::Result<void> ConfigKeeper::note_unwanted(std::uint64_t from, std::uint64_t to, const std::string& reason) {
    const config::Revision* revision = store_.find(from);
    if (!revision) return base::Error(base::Kind::bug, "there is no revision " + std::to_string(from));
    auto told = store_.set_outcome(from, {Verdict::rolled_back, base::unix_nano_now(), reason});
    config::Rollout rollout = store_.rollout();
    const config::Revision* next = store_.find(to);
    if (next) rollout.own_telemetry = next->own_telemetry;
    const bool is_config_kept = next && is_same_config(*revision, *next);
    const std::string hash = is_config_kept ? "" : revision->remote_hash.value_or("");
    if (!hash.empty()) rollout.remember_failed(hash, reason);
    rollout.candidate = 0;
    rollout.starts = 0;
    if (auto noted = store_.set_rollout(rollout); !noted) return noted;
    opamp::RemoteConfigStatus status = store_.status();
    if (!hash.empty() && status.hash == hash) {
        status.status = opamp::ConfigStatus::failed;
        status.error_message = reason;
        if (auto saved = store_.set_status(status); !saved) return saved;
    }
    // At once: the order holds also if opampd ends before the agent has stopped.
    if (auto pointed = store_.set_current(to); !pointed) return pointed;
    return told;
}

base::Result<lifecycle::Revision> ConfigKeeper::find_for_rollback(std::uint64_t id) const {
    const config::Revision* revision = store_.find(id);
    if (!revision)
        return base::Error(base::Kind::not_found, "there is no revision " + std::to_string(id))
            .hint("the config history has those that are kept");
    const std::string name = "revision " + std::to_string(id);
    if (revision == store_.current()) return base::Error(base::Kind::refused, name + " is the current one already");
    const opamp::RemoteConfigStatus& status = store_.status();
    // With other variables than now it may be gone back to.
    const bool is_config_kept = store_.current() && is_same_config(*revision, *store_.current());
    if (!status.hash.empty() && revision->remote_hash == status.hash && !is_config_kept)
        return base::Error(base::Kind::refused, name + " is what the server offered last")
            .hint("have it tried again with config retry");
    if (const auto refusal = refusal_of(*revision)) return base::Error(base::Kind::refused, *refusal);
    auto effective = store_.load(*revision);
    if (!effective) return std::move(effective).error();
    return as_lifecycle(revision);
}

base::Result<lifecycle::Revision> ConfigKeeper::find_before() const {
    for (const config::Revision* way : store_.ways_back()) {
        const bool is_unwanted = way->remote_hash && store_.rollout().find_failed(*way->remote_hash);
        if (auto found = find_for_rollback(way->id); found && !is_unwanted) return found;
    }
    return base::Error(base::Kind::not_found, "no config was good before this one").hint("name the revision to go to");
}

base::Result<std::optional<opamp::RemoteConfig>> ConfigKeeper::forget_failure(const std::string& hash) {
    config::Rollout rollout = store_.rollout();
    const opamp::RemoteConfigStatus& status = store_.status();
    const bool has_failed = status.hash == hash && status.status == opamp::ConfigStatus::failed;
    if (!has_failed && !rollout.find_failed(hash))
        return base::Error(base::Kind::not_found, "no config of that hash has failed");
    rollout.forget_failed(hash);
    if (auto noted = store_.set_rollout(rollout); !noted) return std::move(noted).error();
    const config::Revision* stored = store_.find_offer(hash);
    if (!stored) return std::optional<opamp::RemoteConfig>();
    auto offer = store_.load_remote(*stored);
    if (!offer) return std::move(offer).error();
    return std::optional(std::move(*offer));
}

}  // namespace supervisor
