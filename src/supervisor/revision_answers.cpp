#include "supervisor/revision_answers.hpp"

#include <algorithm>
#include <charconv>
#include <set>

#include "base/bytes.hpp"
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

/// The newest that proved good before the current one did; else the one stored before it.
const config::Revision* previous(const RevisionStore& store) {
    const config::Revision* current = store.current();
    if (!current) return nullptr;
    if (store.last_good() && store.last_good() != current) return store.last_good();
    for (const std::uint64_t id : store.rollout().older_good)
        if (const config::Revision* found = store.find(id); found && found != current) return found;
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
    if (word == "local") return found(store.base(), "revision of the local config alone");
    if (word == "previous") return found(previous(store), "revision before the current one");
    std::uint64_t id = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), id);
    if (error != std::errc{} || end != word.data() + word.size())
        return Error(Kind::invalid, "'" + base::shortened(word, 80) + "' is not a revision")
            .hint("give its number, or current, last-good, previous or local");
    return found(store.find(id), "revision " + word);
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

Result<control::Answer> show(const RevisionStore& store, const control::Request& request, const std::string& main_name,
                             const Redaction& redaction) {
    const auto revision = find_revision(store, request.revision.empty() ? "current" : request.revision);
    if (!revision) return revision.error();
    auto files = files_of(store, *revision, request.remote, main_name);
    if (!files) return std::move(files).error();
    control::Answer answer;
    answer.agent = request.agent;
    answer.revision = revision->id;
    answer.note = note_on(*revision);
    if (files->empty() && revision->runs)
        answer.note = "revision " + std::to_string(revision->id) + " has no files: opampd gives the agent none";
    answer.files.emplace();
    for (auto& [name, file] : *files) {
        file.body = shown(std::move(file.body), redaction);
        answer.files->push_back(std::move(file));
    }
    return answer;
}

Result<control::Answer> diff(const RevisionStore& store, const control::Request& request, const std::string& main_name,
                             const Redaction& redaction) {
    const auto from = find_revision(store, request.revision.empty() ? "previous" : request.revision);
    if (!from) return from.error();
    const auto to = find_revision(store, request.against.empty() ? "current" : request.against);
    if (!to) return to.error();
    const auto before = files_of(store, *from, false, main_name);
    if (!before) return before.error();
    const auto after = files_of(store, *to, false, main_name);
    if (!after) return after.error();
    control::Answer answer;
    answer.agent = request.agent;
    answer.revision = from->id;
    answer.against = to->id;
    answer.diff.emplace();
    std::set<std::string> names;
    for (const Files* files : {&*before, &*after})
        for (const auto& [name, file] : *files) names.insert(name);
    for (const std::string& name : names) *answer.diff += diff_of(name, *before, *after, answer, redaction);
    if (answer.diff->empty())
        answer.note =
            from->hash == to->hash ? "the two are the same" : "they differ only in secrets, which are not shown";
    for (const config::Revision* revision : {&*from, &*to})
        if (!revision->runs) answer.note = note_on(*revision);
    return answer;
}

}  // namespace supervisor
