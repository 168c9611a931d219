// What an agent's folder holds when opampd starts: read, and set aside where it cannot be.
#include "base/files.hpp"
#include "config/records.hpp"
#include "config/revision_files.hpp"
#include "config/revisions.hpp"

namespace config {

namespace fs = std::filesystem;

base::Result<RevisionStore> RevisionStore::open(const fs::path& folder) {
    RevisionStore store(folder);
    base::remove_all_unfinished(folder);
    if (auto note = base::make_room(folder / "revisions", base::Wanted::folder)) store.notes_.push_back(*note);
    if (auto made = base::make_folder(folder / "revisions", kPrivateFolder); !made) return std::move(made).error();
    if (auto read = store.read_revisions(); !read) return std::move(read).error();
    store.read_status();
    store.read_rollout();
    store.current_ = store.read_link("current");
    store.last_good_ = store.read_link("last-good");
    return store;
}

void RevisionStore::set_aside(const fs::path& path, const std::string& why) {
    if (path.parent_path() == folder_ / "revisions") has_lost_revisions_ = true;
    auto aside = base::set_aside(path);
    notes_.push_back(why + (aside ? "; kept as '" + aside->string() + "'" : "; " + aside.error().message()));
}

base::Result<void> RevisionStore::read_revisions() {
    auto found = list(folder_ / "revisions");
    if (!found) return std::move(found).error();
    std::error_code code;
    for (const fs::path& path : *found) {
        const std::string name = path.filename().string();
        if (name.ends_with(".damaged")) {
            has_lost_revisions_ = true;
            continue;
        }
        if (name.starts_with('.')) {  // left by a stop in the middle of `add`
            fs::remove_all(path, code);
            continue;
        }
        const auto id = leading_number(name);
        const auto meta = base::read_file(path / "meta", 1 << 16);
        auto revision = meta ? parse_revision(*meta) : std::nullopt;
        if (id && revision) revision->id = *id;
        if (!id || !revision || name != name_of(*revision))
            set_aside(path, "revision '" + name + "' cannot be read");
        else
            revisions_[*id] = *revision;
    }
    for (const auto& [id, revision] : revisions_) read_outcome(revision);
    return {};
}

void RevisionStore::read_outcome(const Revision& revision) {
    const fs::path file = path_of(revision) / "outcome";
    const auto text = base::read_file(file, 1 << 20);
    if (!text && text.error().kind() == base::Kind::not_found) return;
    if (auto outcome = text ? parse_outcome(*text) : std::nullopt)
        outcomes_[revision.id] = std::move(*outcome);
    else
        set_aside(file, "the outcome of revision '" + name_of(revision) + "' cannot be read");
}

void RevisionStore::read_status() {
    const fs::path file = folder_ / "remote_config_status";
    const auto text = base::read_file(file, 1 << 20);
    if (!text && text.error().kind() == base::Kind::not_found) return;
    const auto status = text ? parse_status(*text) : std::nullopt;
    if (status)
        status_ = *status;
    else
        set_aside(file, "the stored remote config status cannot be read");
}

void RevisionStore::read_rollout() {
    const fs::path file = folder_ / "rollout";
    const auto text = base::read_file(file, 4u << 20);
    if (!text && text.error().kind() == base::Kind::not_found) return;
    if (auto rollout = text ? parse_rollout(*text) : std::nullopt)
        rollout_ = std::move(*rollout);
    else
        set_aside(file, "what is remembered of rollouts cannot be read");
    if (own_telemetry_.load(rollout_.own_telemetry)) return;
    notes_.push_back("where the agent is to send its own telemetry cannot be read: '" +
                     own_telemetry_.path_of(rollout_.own_telemetry).string() + "'");
    rollout_.own_telemetry.clear();
}

/// All that the agent would be given is there.
bool RevisionStore::is_usable(const Revision& revision) const {
    return load(revision) && own_telemetry_.load(revision.own_telemetry);
}

std::uint64_t RevisionStore::read_link(const char* name) {
    std::error_code code;
    const fs::path link = folder_ / name;
    if (!fs::exists(fs::symlink_status(link, code))) return 0;
    const fs::path target = fs::read_symlink(link, code);
    const auto id = code ? std::nullopt : leading_number(target.filename().string());
    const Revision* revision = id ? find(*id) : nullptr;
    if (revision && is_usable(*revision)) return *id;
    if (revision) {
        const fs::path damaged = path_of(*revision);
        revisions_.erase(*id);
        set_aside(damaged,
                  "revision '" + damaged.filename().string() + "' does not have the content that it was stored with");
    }
    set_aside(link, "'" + link.filename().string() + "' does not lead to a usable revision");
    return 0;
}

}  // namespace config
