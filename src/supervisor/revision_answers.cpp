#include "supervisor/revision_answers.hpp"

#include <algorithm>
#include <set>

#include "base/bytes.hpp"
#include "base/number.hpp"
#include "config/diff.hpp"

namespace supervisor {
namespace {

using base::Error;
using base::Kind;
using base::Result;
using config::RevisionStore;
using Files = std::map<std::string, control::File>;

/// What is shown goes through the daemon's memory.
constexpr std::size_t kMostShown = 4u << 20;

/// What was good before the current one; else the one stored before it.
const config::Revision* previous(const RevisionStore& store) {
    const config::Revision* current = store.current();
    if (!current) return nullptr;
    if (const auto ways = store.ways_back(); !ways.empty()) return ways.front();
    const auto next = store.all().find(current->id);
    return next == store.all().begin() ? nullptr : &std::prev(next)->second;
}

Result<config::Revision> found(const config::Revision* revision, const std::string& what) {
    if (revision) return *revision;
    return Error(Kind::not_found, "there is no " + what).hint("opampctl config history AGENT lists what there is");
}

Result<void> check_size(const RevisionStore& store, const config::Revision& revision, const Files& files) {
    std::size_t bytes = 0;
    for (const auto& [name, file] : files) bytes += file.body.size();
    if (bytes <= kMostShown) return {};
    return Error(Kind::too_large, "revision " + std::to_string(revision.id) + " has " + std::to_string(bytes) +
                                      " bytes, too many to show")
        .hint("its files are in '" + store.path_of(revision).string() + "'");
}

Result<Files> files_of(const RevisionStore& store, const config::Revision& revision, bool remote,
                       const std::string& main_name) {
    Files files;
    if (remote) {
        if (!revision.remote_hash)
            return Error(Kind::not_found, "revision " + std::to_string(revision.id) + " was not offered by a server")
                .hint("show it without --remote");
        auto offer = store.load_remote(revision);
        if (!offer) return std::move(offer).error();
        for (auto& [name, file] : offer->files) files[name] = {name, file.content_type, std::move(file.body)};
    } else {
        auto effective = store.load(revision);
        if (!effective) return std::move(effective).error();
        for (auto& [name, body] : effective->beside) files[name] = {name, "", std::move(body)};
        if (effective->main) files[main_name] = {main_name, "", std::move(*effective->main)};
    }
    if (auto size = check_size(store, revision, files); !size) return std::move(size).error();
    return files;
}

std::string joined(const std::vector<std::string>& names) {
    std::string list;
    for (const std::string& name : names) list += (list.empty() ? "" : ", ") + name;
    return list;
}

std::string note_on(const config::Revision& revision) {
    return revision.runs ? "" : "revision " + std::to_string(revision.id) + " has no config: the agent does not run";
}

/// Both texts without their secrets; an absent file is an empty one.
std::string diff_of(const std::string& name, const Files& before, const Files& after, const control::Answer& which,
                    const Redaction& redaction) {
    const auto side = [&](const Files& files, std::uint64_t id) {
        const auto file = files.find(name);
        return file == files.end() ? std::pair<std::string, std::string>("/dev/null", "")
                                   : std::pair(std::to_string(id) + "/" + name, shown(file->second.body, redaction));
    };
    const auto [from_name, from] = side(before, which.revision);
    const auto [to_name, to] = side(after, which.against);
    return config::unified_diff(from, to, from_name, to_name);
}

}  // namespace

std::string shown(std::string text, const Redaction& redaction) {
    return redaction ? redaction->redact(text) : text;
}

std::vector<control::Revision> history(const RevisionStore& store, const Redaction& redaction) {
    std::vector<control::Revision> list;
    for (auto next = store.all().rbegin(); next != store.all().rend(); ++next) {
        const config::Revision& revision = next->second;
        control::Revision& entry = list.emplace_back();
        entry.id = revision.id;
        entry.origin = revision.is_base ? "local" : revision.is_fallback ? "fallback" : "remote";
        entry.created_at = base::time_text(revision.created_unix_nano);
        entry.hash = base::to_hex(revision.hash);
        entry.remote_hash = base::to_hex(revision.remote_hash.value_or(""));
        entry.current = &revision == store.current();
        entry.last_good = &revision == store.last_good();
        entry.outcome = store.was_good(revision.id) ? "applied" : "none";  // of before outcomes were written down
        if (const config::Outcome* outcome = store.outcome(revision.id)) {
            entry.outcome = to_string(outcome->verdict);
            entry.outcome_at = base::time_text(outcome->at_unix_nano);
            entry.reason = shown(outcome->reason, redaction);
        }
    }
    return list;
}

Result<config::Revision> find_revision(const RevisionStore& store, const std::string& word) {
    if (word == "current") return found(store.current(), "current revision");
    if (word == "last-good") return found(store.last_good(), "revision that has proved good");
    if (word == "fallback") return found(store.fallback(), "revision of the fallback configs");
    if (word == "local") return found(store.base(), "revision of the local config alone");
    if (word == "previous") return found(previous(store), "revision before the current one");
    const auto id = base::parse_number<std::uint64_t>(word);
    if (!id)
        return Error(Kind::invalid, "'" + base::shortened(word, 80) + "' is not a revision")
            .hint("give its number, or current, last-good, previous, local or fallback");
    return found(store.find(*id), "revision " + word);
}

Result<std::string> find_failed(const RevisionStore& store, const std::string& digits) {
    if (digits.empty() || digits.find_first_not_of("0123456789abcdef") != std::string::npos)
        return Error(Kind::invalid, "'" + base::shortened(digits, 80) + "' is not a hash")
            .hint("give its hexadecimal digits, or the first of them");
    std::set<std::string> fitting;
    const auto consider = [&](const std::string& hash) {
        if (base::to_hex(hash).starts_with(digits)) fitting.insert(hash);
    };
    if (store.status().status == opamp::ConfigStatus::failed) consider(store.status().hash);
    for (const auto& failed : store.rollout().failed) consider(failed.remote_hash);
    if (fitting.empty()) return Error(Kind::not_found, "no config whose hash begins with " + digits + " has failed");
    if (fitting.size() > 1)
        return Error(Kind::invalid, "several failed configs have hashes that begin with " + digits)
            .hint("give more digits");
    return *fitting.begin();
}

Result<Loaded> load(const RevisionStore& store, const std::string& word, bool remote, const std::string& main_name) {
    const auto revision = find_revision(store, word);
    if (!revision) return revision.error();
    auto files = files_of(store, *revision, remote, main_name);
    if (!files) return std::move(files).error();
    auto own_telemetry = store.own_telemetry().load(remote ? "" : revision->own_telemetry);
    if (!own_telemetry) return std::move(own_telemetry).error();
    return Loaded{*revision, std::move(*files), std::move(*own_telemetry)};
}

control::Answer show(Loaded loaded, const Redaction& redaction) {
    control::Answer answer;
    answer.revision = loaded.revision.id;
    answer.note = note_on(loaded.revision);
    if (loaded.files.empty() && loaded.revision.runs)
        answer.note = "revision " + std::to_string(loaded.revision.id) + " has no files: opampd gives the agent none";
    if (const auto names = config::changed_names({}, loaded.own_telemetry); !names.empty())
        answer.note += (answer.note.empty() ? "" : "; ") + ("with it come the variables " + joined(names));
    answer.files.emplace();
    for (auto& [name, file] : loaded.files) {
        file.body = shown(std::move(file.body), redaction);
        answer.files->push_back(std::move(file));
    }
    return answer;
}

control::Answer diff(const Loaded& from, const Loaded& to, const Redaction& redaction) {
    control::Answer answer;
    answer.revision = from.revision.id;
    answer.against = to.revision.id;
    answer.diff.emplace();
    std::set<std::string> names;
    for (const Loaded* side : {&from, &to})
        for (const auto& [name, file] : side->files) names.insert(name);
    for (const std::string& name : names) *answer.diff += diff_of(name, from.files, to.files, answer, redaction);
    if (answer.diff->empty())
        answer.note = from.revision.hash == to.revision.hash ? "the two are the same"
                                                             : "they differ only in secrets, which are not shown";
    if (const auto changed = config::changed_names(from.own_telemetry, to.own_telemetry); !changed.empty())
        answer.note = (answer.diff->empty() ? "the configs are the same, but not" : "not the same are also") +
                      (" the variables " + joined(changed));
    for (const Loaded* side : {&from, &to})
        if (!side->revision.runs) answer.note = note_on(side->revision);
    return answer;
}

}  // namespace supervisor
