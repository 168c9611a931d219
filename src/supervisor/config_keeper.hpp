// One agent's configs between the server, the disk and the agent: what lifecycle's actions mean for files.
//
// Everything here blocks on the disk; the supervisor calls it on the blocking pool, one call at a time.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "base/result.hpp"
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
    };

    /// Errors: io (the folder), invalid (the local files cannot be composed).
    static base::Result<ConfigKeeper> open(Options options);

    /// How the last run ended and what to start with: a trial that was cut short is a trial again; a local file that
    /// has changed since makes a new candidate. `trial_offer` numbers the offer of a resumed trial.
    base::Result<lifecycle::Begun> begin(lifecycle::OfferId trial_offer);

    struct Outcome {
        config::Revision revision;
        lifecycle::Change change;
    };
    /// Composes and stores an offer. Errors: invalid (the offer, in one sentence), io.
    base::Result<Outcome> stage(const opamp::RemoteConfig& offer);

    /// Makes `id` current on disk and gives the agent its files.
    base::Result<void> install(std::uint64_t id);
    base::Result<void> commit(std::uint64_t id);

    const opamp::RemoteConfigStatus& status() const { return store_.status(); }
    base::Result<void> save_status(const opamp::RemoteConfigStatus& status) { return store_.set_status(status); }
    const config::Revision* current() const { return store_.current(); }
    opamp::EffectiveConfig report_of(const config::Revision& revision) const { return store_.report_of(revision); }
    const std::vector<std::string>& notes() const { return store_.notes(); }

private:
    ConfigKeeper(Options options, config::RevisionStore store)
        : options_(std::move(options)), store_(std::move(store)) {}
    void note_leftovers(const config::Revision& revision);
    base::Result<config::Effective> compose(const opamp::ConfigMap* remote) const;
    base::Result<config::Revision> store_base();
    base::Result<config::Revision> choose_start(const config::Revision& local);
    base::Result<config::Revision> with_present_local_files(const config::Revision& revision);

    Options options_;
    config::RevisionStore store_;
    config::Installed installed_;  ///< What the agent was given last, and what is left of configs before.
};

/// The pure table's view of a stored revision.
lifecycle::Revision as_lifecycle(const config::Revision* revision);

}  // namespace supervisor
