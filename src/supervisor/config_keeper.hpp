// One agent's configs between the server, the disk and the agent: what lifecycle's actions mean for files.
//
// Everything here blocks on the disk; the supervisor calls it on the blocking pool, one call at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/files.hpp"
#include "base/result.hpp"
#include "config/admission.hpp"
#include "config/compose.hpp"
#include "config/install.hpp"
#include "config/revisions.hpp"
#include "lifecycle/decide.hpp"
#include "opamp/messages.hpp"

namespace supervisor {

class ConfigKeeper {
public:
    struct Options {
        std::filesystem::path folder;  ///< The agent's folder in the state directory.
        std::filesystem::path config_path;
        std::vector<std::filesystem::path> local_files;
        config::Format format = config::Format::automatic;
        bool folder_of_files = false;  ///< Files are not merged; `config_path` is one of them …
        bool needs_main = false;       ///< … which may be missing or not.
        unsigned max_trials = 3;       ///< Starts of a revision that has not proved good.
        config::Admission admission{};
        std::optional<config::Redactor> redactor{};  ///< For what is reported.
        config::Kept kept{};
        std::vector<std::filesystem::path> fallback_files{};  ///< For when nothing else works.
        base::Owner owner{};                                  ///< Of what the agent is to read.
        std::filesystem::path private_folder{};               ///< For what else another owner is to read.
    };

    /// Errors: io (the folder), invalid (the local files cannot be composed).
    static base::Result<ConfigKeeper> open(Options options);

    /// How the last run ended and what to start with: a trial that was cut short is a trial again, within limits; a
    /// local file that has changed since makes a new candidate. `trial_offer` numbers the offer of such a trial.
    base::Result<lifecycle::Begun> begin(lifecycle::OfferId trial_offer);

    struct Composed {
        config::Effective effective;
        std::optional<std::uint64_t> serial;  ///< Of the offer's signature.
    };
    /// What is allowed of it. Errors: invalid (its signature, the policy; also what became of it when it was tried
    /// before), too_large.
    base::Result<config::Admitted> admit_offer(const opamp::RemoteConfig& offer);
    /// What the agent would be given. Errors: invalid and too_large (its content, in one sentence), io.
    base::Result<Composed> compose_offer(const opamp::RemoteConfig& offer, const config::Admitted& admitted);
    /// A private copy of the files, to be checked: the path of the config in it, or nothing where there is nothing to
    /// check, because there is no config or the agent has it already. Errors: io.
    base::Result<std::optional<std::filesystem::path>> write_copy(const config::Effective& effective);
    /// Removes the copy. An offer that was refused is not composed again. Errors: io (it will be).
    base::Result<void> end_check(const std::string& remote_hash, const std::optional<std::string>& refusal);

    struct Stored {
        config::Revision revision;
        std::optional<config::Revision> same_as;  ///< The current one, if it gives the agent the same.
    };
    /// Stores what was composed of `offer`; no offer with a lower serial is composed from now on. Errors: io.
    base::Result<Stored> store(const opamp::RemoteConfig& offer, const Composed& composed);

    /// The config of `onto` with these variables, and what of both is news. Of variables that the agent has with it
    /// already: `onto` itself, and the configs to come have them too. Errors: io, invalid (damaged).
    base::Result<Stored> store_own_telemetry(const config::OwnTelemetry& own_telemetry, std::uint64_t onto);

    struct Given {
        config::Revision revision;
        opamp::EffectiveConfig report;
        config::Variables own_telemetry{};  ///< For the process, or for a file.
    };
    /// Makes `id` current on disk and gives the agent its files.
    base::Result<Given> install(std::uint64_t id);
    /// Makes `id` current on disk, which gives the agent the files that it has.
    base::Result<Given> adopt(std::uint64_t id);
    base::Result<void> commit(std::uint64_t id, const std::vector<lifecycle::Revision>& older_good);
    /// `from` failed before its gate: its offer is not tried again.
    base::Result<void> note_failure(std::uint64_t from, const std::string& reason);
    /// The operator does not want `from`, good as it may be; `to` is current from now on, and its variables are those
    /// of the configs to come. Afterwards `status` says so of the offer that `from` was made from, if that is the
    /// newest, and `to` has another config.
    base::Result<void> note_unwanted(std::uint64_t from, std::uint64_t to, const std::string& reason);
    /// Whether `id` can be given to the agent. Errors: not_found, refused (the policy or the signature, as they are
    /// now), io and invalid (damaged).
    base::Result<lifecycle::Revision> find_for_rollback(std::uint64_t id) const;
    /// What was good before the current one, can be given to the agent, and was not turned away by the operator.
    /// Errors: not_found.
    base::Result<lifecycle::Revision> find_before() const;

    /// Forgets that the newest offer, or that of `hash`, failed; the offer, or nothing where only its server has it.
    /// Errors: not_found (it has not failed), io, invalid (damaged).
    base::Result<std::optional<opamp::RemoteConfig>> forget_failure(const std::string& hash);

    const opamp::RemoteConfigStatus& status() const { return store_.status(); }
    base::Result<void> save_status(const opamp::RemoteConfigStatus& status) { return store_.set_status(status); }
    const std::vector<std::string>& notes() const { return store_.notes(); }
    /// To be looked at, on the blocking pool too.
    const config::RevisionStore& revisions() const { return store_; }

private:
    ConfigKeeper(Options options, config::RevisionStore store)
        : options_(std::move(options)), store_(std::move(store)) {}
    void note_leftovers(const config::Revision& revision);
    std::filesystem::path path_beside(const std::string& name) const {
        return options_.config_path.parent_path() / name;
    }
    std::filesystem::path copy_folder() const {
        return (options_.owner == base::Owner{} ? options_.folder : options_.private_folder) / "check";
    }
    void remove_copy();
    config::MainFile main_file() const { return {options_.config_path.filename().string(), options_.needs_main}; }
    base::Result<config::Variables> own_telemetry_of(const config::Revision& revision) const;
    bool is_current_config(const config::Effective& effective) const;
    base::Result<config::Revision> with_own_telemetry(const config::Revision& revision, const std::string& hash);
    base::Result<config::Revision> found_with_own_telemetry(const config::Revision& revision, const std::string& hash);
    base::Result<config::Effective> compose(const opamp::ConfigMap* remote) const;
    base::Result<config::Effective> compose_of(const std::vector<std::filesystem::path>& files,
                                               const opamp::ConfigMap* remote) const;
    std::optional<config::Revision> store_fallback();
    base::Result<config::Revision> store_base();
    base::Result<config::Revision> choose_start(const config::Revision& local, const config::Revision* fallback,
                                                bool has_local_changed);
    std::optional<std::string> refusal_of(const config::Revision& revision) const;
    const config::Revision* best_admitted() const;
    base::Result<void> note_refusal(const config::Revision& revision, const std::string& reason);
    /// Whether they have changed.
    base::Result<bool> forget_failures_of_other_local_files(const config::Revision& local);
    std::optional<std::string> verdict_on(const config::Revision& candidate) const;
    std::optional<std::string> reason_to_give_up(const config::Revision& candidate) const;
    base::Result<void> take_proven_own_telemetry();
    bool is_local(const config::Revision& revision) const;
    bool is_proven(const config::Revision& revision) const {
        return is_local(revision) || store_.was_good(revision.id);
    }
    std::vector<lifecycle::Revision> older_good() const;
    base::Result<config::Revision> with_present_local_files(const config::Revision& revision);
    void prune() { store_.prune(options_.kept, base::unix_nano_now()); }

    Options options_;
    config::RevisionStore store_;
    std::uint64_t counted_ = 0;    ///< The candidate whose start was counted in this life of the daemon.
    config::Installed installed_;  ///< What the agent was given last, and what is left of configs before.
};

/// The pure table's view of a stored revision.
lifecycle::Revision as_lifecycle(const config::Revision* revision);

}  // namespace supervisor
