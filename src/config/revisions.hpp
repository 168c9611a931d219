// The configs an agent had, on disk: what was received, what the agent was given, which one is current, which proved
// good.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.hpp"
#include "base/units.hpp"
#include "config/compose.hpp"
#include "config/own_telemetry_files.hpp"
#include "config/redact.hpp"
#include "config/rollout.hpp"
#include "opamp/messages.hpp"

namespace config {

/// One stored config. Never changes once it is there.
struct Revision {
    std::uint64_t id = 0;
    std::string hash;  ///< Of the effective config; `config::hash`.
    bool runs = true;
    bool is_base = false;                    ///< Made of the local config alone.
    bool is_fallback = false;                ///< Made of what the operator has for the worst case alone.
    std::optional<std::string> remote_hash;  ///< The server's hash of the offer it was made from.
    std::uint64_t created_unix_nano = 0;     ///< 0: not known, it is from an opampd that did not write it down.
    std::string own_telemetry{};             ///< Hash of the variables that the agent is given with it; empty: none.
    bool is_for_own_telemetry = false;       ///< Made to change nothing but these.
    friend bool operator==(const Revision&, const Revision&) = default;
};

/// What became of a revision when it was tried last. For people: of configs nothing is decided by it.
struct Outcome {
    enum class Verdict {
        applied,      ///< It passed its gate.
        failed,       ///< It did not.
        rolled_back,  ///< It had proved good, and was given up later.
    };
    Verdict verdict = Verdict::applied;
    std::uint64_t at_unix_nano = 0;
    std::string reason;  ///< Empty for one that was applied.
    friend bool operator==(const Outcome&, const Outcome&) = default;
};
std::string_view to_string(Outcome::Verdict verdict);

/// How much of the past is kept.
struct Kept {
    std::size_t max_revisions = 20;
    base::Duration max_age{0};  ///< 0: no limit.
};

/// The folder of one agent:
///
///     revisions/<id>-<hash8>/   meta, effective, beside/…, remote, outcome
///     current -> revisions/…    what the agent runs or is being tried with
///     last-good -> revisions/…
///     remote_config_status      the hash received last and what became of it
///     rollout                   the candidate under trial, what failed, what was good
///     own_telemetry/<hash16>/   variables, and the files that they name
///
/// Every change is whole after a power cut at any instruction. What cannot be read is set aside as NAME.damaged, with a
/// note for the log, and the rest is used.
class RevisionStore {
public:
    /// Errors: io (the folder cannot be made or written to).
    static base::Result<RevisionStore> open(const std::filesystem::path& folder);

    /// What was set aside while opening, one sentence each.
    const std::vector<std::string>& notes() const { return notes_; }

    const std::map<std::uint64_t, Revision>& all() const { return revisions_; }
    bool has_files_beside(const Revision& revision) const;
    const Revision* find(std::uint64_t id) const;
    const Revision* current() const { return find(current_); }
    const Revision* last_good() const { return find(last_good_); }
    /// The newest one made of the local config alone, and given with nothing else.
    const Revision* base() const;
    /// The newest one made from an offer with this hash.
    const Revision* find_offer(const std::string& remote_hash) const;
    /// Whether the agent may have been given anything but a base; also one that could not be read.
    bool had_others_than_base() const;
    /// The same of the fallback configs; null: none.
    const Revision* fallback() const;

    /// Stores a new revision, durably, unless the newest is exactly that and waits to be used; `remote` is null for a
    /// base.
    base::Result<Revision> add(const Effective& effective, const opamp::RemoteConfig* remote);
    base::Result<Revision> add_fallback(const Effective& effective);
    /// The same for any kind, as `kind` says: its origin and its variables count.
    base::Result<Revision> add(Revision kind, const Effective& effective, const opamp::RemoteConfig* remote);
    base::Result<Effective> load(const Revision& revision) const;
    /// What the protocol reports of it, without its secrets if `redactor` is given; may be kept, and read from another
    /// thread, for as long as the revision is not pruned.
    opamp::EffectiveConfig report_of(const Revision& revision, const std::optional<Redactor>& redactor) const;
    base::Result<opamp::RemoteConfig> load_remote(const Revision& revision) const;

    /// What agents are told of their own telemetry; what no revision has is gone with the next `prune`.
    const OwnTelemetryFiles& own_telemetry() const { return own_telemetry_; }
    base::Result<std::string> store_own_telemetry(const OwnTelemetry& own_telemetry) {
        return own_telemetry_.store(own_telemetry);
    }

    base::Result<void> set_current(std::uint64_t id);
    base::Result<void> set_last_good(std::uint64_t id);

    const opamp::RemoteConfigStatus& status() const { return status_; }
    base::Result<void> set_status(const opamp::RemoteConfigStatus& status);

    const Rollout& rollout() const { return rollout_; }
    base::Result<void> set_rollout(const Rollout& rollout);

    const Outcome* outcome(std::uint64_t id) const;  ///< Null: it has not been tried to the end yet.
    base::Result<void> set_outcome(std::uint64_t id, Outcome outcome);
    /// It is last-good, or was not long ago.
    bool was_good(std::uint64_t id) const;
    /// What the current one may give way to, best first: what was good before it, then the base.
    std::vector<const Revision*> ways_back() const;

    /// Removes the oldest beyond the limits, never current, last-good, one that was good before, the base, or one of
    /// the newest.
    void prune(const Kept& limits, std::uint64_t now_unix_nano);

    std::filesystem::path path_of(const Revision& revision) const;

private:
    explicit RevisionStore(std::filesystem::path folder)
        : folder_(std::move(folder)), own_telemetry_(folder_ / "own_telemetry") {}
    base::Result<void> read_revisions();
    void read_outcome(const Revision& revision);
    void read_status();
    void read_rollout();
    std::uint64_t read_link(const char* name);
    const Revision* find_stored_in_vain(const Revision& wanted) const;
    base::Result<void> point(const char* link, std::uint64_t id, std::uint64_t& to);
    void set_aside(const std::filesystem::path& path, const std::string& why);

    bool is_usable(const Revision& revision) const;
    void forget_unused_own_telemetry();

    std::filesystem::path folder_;
    OwnTelemetryFiles own_telemetry_;
    std::map<std::uint64_t, Revision> revisions_;
    std::map<std::uint64_t, Outcome> outcomes_;
    std::uint64_t current_ = 0;
    std::uint64_t last_good_ = 0;
    opamp::RemoteConfigStatus status_;
    Rollout rollout_;
    std::vector<std::string> notes_;
    bool has_lost_revisions_ = false;
};

}  // namespace config
