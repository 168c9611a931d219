#include "config/revisions.hpp"

#include <algorithm>
#include <set>

#include "base/files.hpp"
#include "base/log.hpp"
#include "config/records.hpp"
#include "config/revision_files.hpp"

namespace config {
namespace {

namespace fs = std::filesystem;

/// Staged and perhaps not yet the agent's: never pruned, whatever the limits say.
constexpr std::size_t kNewestKept = 4;

}  // namespace

fs::path RevisionStore::path_of(const Revision& revision) const {
    return folder_ / "revisions" / name_of(revision);
}

bool RevisionStore::has_files_beside(const Revision& revision) const {
    std::error_code ignored;
    return fs::exists(path_of(revision) / "beside", ignored);
}

const Revision* RevisionStore::find(std::uint64_t id) const {
    const auto found = revisions_.find(id);
    return found == revisions_.end() ? nullptr : &found->second;
}

const Revision* RevisionStore::base() const {
    const auto newest = std::find_if(revisions_.rbegin(), revisions_.rend(), [](const auto& entry) {
        return entry.second.is_base && entry.second.own_telemetry.empty();
    });
    return newest == revisions_.rend() ? nullptr : &newest->second;
}

bool RevisionStore::had_others_than_base() const {
    return has_lost_revisions_ ||
           std::any_of(revisions_.begin(), revisions_.end(), [](const auto& entry) { return !entry.second.is_base; });
}

const Revision* RevisionStore::fallback() const {
    const auto newest = std::find_if(revisions_.rbegin(), revisions_.rend(), [](const auto& entry) {
        return entry.second.is_fallback && entry.second.own_telemetry.empty();
    });
    return newest == revisions_.rend() ? nullptr : &newest->second;
}

const Revision* RevisionStore::find_offer(const std::string& remote_hash) const {
    const auto newest = std::find_if(revisions_.rbegin(), revisions_.rend(),
                                     [&](const auto& entry) { return entry.second.remote_hash == remote_hash; });
    return newest == revisions_.rend() ? nullptr : &newest->second;
}

/// Not `wanted` by its ID: the newest one, if it is the same and was never given to the agent, because the daemon ended
/// before that.
const Revision* RevisionStore::find_stored_in_vain(const Revision& wanted) const {
    if (revisions_.empty()) return nullptr;
    const Revision& newest = revisions_.rbegin()->second;
    Revision same = wanted;
    same.id = newest.id;
    same.created_unix_nano = newest.created_unix_nano;
    // By the outcome it is known after a stop that the variables have failed.
    const bool is_used = newest.id == current_ || newest.id == last_good_ || newest.id == rollout_.candidate ||
                         (newest.is_for_own_telemetry && outcomes_.contains(newest.id));
    return same == newest && !is_used && load(newest) ? &newest : nullptr;
}

base::Result<Revision> RevisionStore::add(const Effective& effective, const opamp::RemoteConfig* remote) {
    Revision revision;
    revision.is_base = !remote;
    if (remote) revision.remote_hash = remote->hash;
    return add(std::move(revision), effective, remote);
}

base::Result<Revision> RevisionStore::add_fallback(const Effective& effective) {
    Revision revision;
    revision.is_fallback = true;
    return add(std::move(revision), effective, nullptr);
}

base::Result<Revision> RevisionStore::add(Revision revision, const Effective& effective,
                                          const opamp::RemoteConfig* remote) {
    revision.id = revisions_.empty() ? 1 : revisions_.rbegin()->first + 1;
    revision.created_unix_nano = base::unix_nano_now();
    revision.hash = hash(effective);
    revision.runs = effective.runs;
    if (const auto* unused = find_stored_in_vain(revision)) return *unused;
    const fs::path made = folder_ / "revisions" / ("." + name_of(revision));
    std::error_code code;
    fs::remove_all(made, code);
    auto stored = write_files(made, revision, effective, remote);
    if (stored) {
        fs::rename(made, path_of(revision), code);
        if (code)
            stored = base::errno_error(code.value()).within("storing '" + path_of(revision).string() + "'");
        else
            stored = base::sync_folder(folder_ / "revisions");
    }
    if (!stored) {
        fs::remove_all(made, code);
        return std::move(stored).error();
    }
    revisions_[revision.id] = revision;
    return revision;
}

base::Result<Effective> RevisionStore::load(const Revision& revision) const {
    return read_effective(path_of(revision), revision);
}

opamp::EffectiveConfig RevisionStore::report_of(const Revision& revision,
                                                const std::optional<Redactor>& redactor) const {
    const auto read = [folder = path_of(revision), revision, redactor]() -> std::optional<opamp::ConfigMap> {
        auto effective = read_effective(folder, revision);
        if (effective) {
            auto files = as_config_map(std::move(*effective));
            for (auto& [name, file] : files)
                if (redactor) redactor->redact_in_place(file.body);
            return files;
        }
        base::log::error("effective_config.not_reported", {{"error", effective.error().text()}});
        return std::nullopt;
    };
    return {revision.hash, read};
}

base::Result<opamp::RemoteConfig> RevisionStore::load_remote(const Revision& revision) const {
    auto bytes = base::read_file(path_of(revision) / "remote");
    if (!bytes) return std::move(bytes).error();
    auto remote = opamp::decode_remote_config(*bytes);
    if (!remote || remote->hash != revision.remote_hash)
        return base::Error(base::Kind::invalid,
                           "revision " + name_of(revision) + " is damaged: its offer cannot be read");
    return std::move(*remote);
}

base::Result<void> RevisionStore::point(const char* link, std::uint64_t id, std::uint64_t& to) {
    const Revision* revision = find(id);
    if (!revision) return base::Error(base::Kind::bug, "there is no revision " + std::to_string(id));
    if (to == id) return {};
    auto pointed = base::replace_link(folder_ / link, fs::path("revisions") / name_of(*revision));
    if (pointed) to = id;
    return pointed;
}

base::Result<void> RevisionStore::set_current(std::uint64_t id) {
    return point("current", id, current_);
}
base::Result<void> RevisionStore::set_last_good(std::uint64_t id) {
    return point("last-good", id, last_good_);
}

base::Result<void> RevisionStore::set_status(const opamp::RemoteConfigStatus& status) {
    if (status == status_) return {};
    auto written = base::replace_file(folder_ / "remote_config_status", format(status), kPrivateFile);
    if (written) status_ = status;
    return written;
}

base::Result<void> RevisionStore::set_rollout(const Rollout& rollout) {
    if (rollout == rollout_) return {};
    auto written = base::replace_file(folder_ / "rollout", format(rollout), kPrivateFile);
    if (written) rollout_ = rollout;
    return written;
}

const Outcome* RevisionStore::outcome(std::uint64_t id) const {
    const auto found = outcomes_.find(id);
    return found == outcomes_.end() ? nullptr : &found->second;
}

base::Result<void> RevisionStore::set_outcome(std::uint64_t id, Outcome outcome) {
    const Revision* revision = find(id);
    if (!revision) return base::Error(base::Kind::bug, "there is no revision " + std::to_string(id));
    auto written = base::replace_file(path_of(*revision) / "outcome", format(outcome), kPrivateFile);
    if (written) outcomes_[id] = std::move(outcome);
    return written;
}

bool RevisionStore::was_good(std::uint64_t id) const {
    const auto& older = rollout_.older_good;
    return id == last_good_ || std::find(older.begin(), older.end(), id) != older.end();
}

std::vector<const Revision*> RevisionStore::ways_back() const {
    std::vector<const Revision*> ways{last_good()};
    for (const std::uint64_t id : rollout_.older_good) ways.push_back(find(id));
    ways.push_back(base());
    std::erase_if(ways, [this](const Revision* way) { return !way || way == current(); });
    return ways;
}

void RevisionStore::prune(const Kept& limits, std::uint64_t now_unix_nano) {
    const Revision *const kept_base = base(), *const kept_fallback = fallback();
    const auto max_age = static_cast<std::uint64_t>(limits.max_age.count());
    const auto oldest_alive = now_unix_nano > max_age ? now_unix_nano - max_age : 0;  // a clock may be in 1970
    std::size_t newer = revisions_.size();
    for (auto next = revisions_.begin(); next != revisions_.end();) {
        const Revision& revision = next->second;
        const bool is_needed = newer-- <= kNewestKept || revision.id == current_ || was_good(revision.id) ||
                               &revision == kept_base || &revision == kept_fallback;
        const bool is_old =
            limits.max_age.count() > 0 && revision.created_unix_nano != 0 && revision.created_unix_nano < oldest_alive;
        if (is_needed || (!is_old && revisions_.size() <= limits.max_revisions)) {
            ++next;
            continue;
        }
        remove_folder(path_of(revision));
        outcomes_.erase(revision.id);
        next = revisions_.erase(next);
    }
    forget_unused_own_telemetry();
}

void RevisionStore::forget_unused_own_telemetry() {
    std::set<std::string> used{rollout_.own_telemetry};
    for (const auto& [id, revision] : revisions_) used.insert(revision.own_telemetry);
    used.erase("");
    own_telemetry_.keep_only(used);
}

}  // namespace config
