// One agent: its process, its configs and what is reported of them, around lifecycle::decide.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "async/blocking.hpp"
#include "async/notice.hpp"
#include "async/task_group.hpp"
#include "base/log.hpp"
#include "lifecycle/decide.hpp"
#include "process/cgroup.hpp"
#include "process/child.hpp"
#include "process/guard.hpp"
#include "process/orphans.hpp"
#include "settings/settings.hpp"
#include "settings/stop_steps.hpp"
#include "supervisor/agent_output.hpp"
#include "supervisor/agent_output_records.hpp"
#include "supervisor/agent_probes.hpp"
#include "supervisor/agent_telemetry.hpp"
#include "supervisor/agent_version.hpp"
#include "supervisor/config_keeper.hpp"
#include "supervisor/identity.hpp"
#include "supervisor/offers.hpp"
#include "supervisor/own_telemetry_offers.hpp"
#include "supervisor/own_telemetry_rollouts.hpp"
#include "supervisor/provision.hpp"
#include "supervisor/server_side.hpp"

namespace supervisor {

/// The shell around the pure table: waits for an event, asks `decide`, carries out the actions. No decision is taken
/// here.
class AgentSupervisor : public OrderTaker {
public:
    /// What all agents of a daemon share; outlives them.
    struct Shared {
        async::asio::any_io_executor executor;
        async::BlockingPool& disk;        ///< One thread: all that changes an agent's folder.
        async::BlockingPool& readers;     ///< For what takes long, and changes nothing on the disk.
        async::BlockingPool& packer;      ///< For what is in no hurry.
        process::Guard* guard = nullptr;  ///< None if it could not be started.
        telemetry::Options telemetry{};   ///< How much is kept for receivers, and for how long.
        Host host{};
        process::Orphans* orphans = nullptr;  ///< May be null; so may the next.
        /// There is one where an agent wants a control group, once all is open.
        const std::optional<process::CgroupTree>* cgroups = nullptr;
        process::MemoryKills* memory_kills = nullptr;  ///< Of agents without one.
    };
    AgentSupervisor(const Shared& shared, const settings::Settings& settings, const settings::Agent& agent);
    AgentSupervisor(const AgentSupervisor&) = delete;

    /// Reads the state on disk. Errors: io (the state folder), invalid (local configs that cannot be composed).
    base::Result<void> open();

    /// The agent's whole life, until `shut_down` is done. No process of the agent is left when it returns.
    async::Task<> run();
    /// Talks to the server, until `say_goodbye`.
    async::Task<> talk_to_server();
    /// Finds out which version the agent is, and again after each start; until cancelled.
    async::Task<> find_out();
    /// Sends what the agent prints as log records, where that is wanted; until cancelled.
    async::Task<> send_output() { return output_records_.run(); }
    /// Packs what was rotated of it; until cancelled.
    async::Task<> pack_output() { return output_.pack(); }
    /// Once it has ended: what it has printed is where it belongs when this returns.
    async::Task<> close_output() { return output_.close(); }

    void shut_down();
    /// No more patience with the agent: a second signal to the daemon.
    void kill_now();
    void say_goodbye() { server_.say_goodbye(); }

    // ---- What the operator asks for.

    /// As the server's command to restart; an agent that was stopped is started.
    void restart();
    /// The agent stays down, whatever the server sends, until `start_agent` or the next start of opampd.
    void stop_agent();
    void start_agent();
    /// Tries `revision`, or without one what was good before the present config; its number. The newest offer, if it
    /// is what runs, counts as failed then. Errors: not_found, refused, io, invalid: nothing has changed.
    async::Task<base::Result<std::uint64_t>> roll_back(std::optional<std::uint64_t> revision);
    /// Forgets that the newest offer, or that of `hash`, failed; the newest is tried again. What happens next, in one
    /// sentence. Errors: not_found (it has not failed), io, invalid.
    async::Task<base::Result<std::string>> retry(std::optional<std::string> hash);
    /// For traces that begin from now on, until the settings file is read again.
    void set_sampler(const telemetry::SamplerSettings& sampler);

    // ---- What the server asks for beside a config.

    /// Gives the agent these destinations of its own telemetry in place of those before, as a candidate that is rolled
    /// back like a config. Ok once the agent has passed its gate with them, and at once where nothing changes for it.
    /// While the operator has stopped the agent that is not before it is started again.
    ///
    /// Errors  invalid (the offers; the agent was not touched), refused (rolled back, and why), io; cancelled (newer
    ///         offers took the place of these).
    /// Cancel  ends the wait alone. It is for the caller to do when opampd ends: what is being tried then is tried
    ///         again at the next start, and has not failed.
    async::Task<base::Result<void>> use_own_telemetry(OwnTelemetryOffers offers);

    /// Raised once the first start has been tried.
    async::Notice& begun() { return begun_; }
    const std::string& name() const { return agent_.name; }
    bool is_running() const { return child_ != nullptr; }
    bool is_healthy() const { return health_.healthy; }

    // ---- What opampctl shows.

    const settings::Agent& settings() const { return agent_; }
    const std::filesystem::path& folder() const { return folder_; }
    const base::Uuid& uid() const { return identity_.uid; }
    const lifecycle::State& state() const { return state_; }
    const opamp::ComponentHealth& health() const { return health_; }
    std::optional<pid_t> pid() const { return child_ ? std::optional(child_->pid()) : std::nullopt; }
    const Connection& connection() const { return server_.connection(); }
    /// On the blocking pool alone.
    const ConfigKeeper& keeper() const { return *keeper_; }

    AgentOutput& output() { return output_; }
    const AgentOutput& output() const { return output_; }

    AgentTelemetry& telemetry() { return telemetry_; }
    const AgentTelemetry& telemetry() const { return telemetry_; }

private:
    void take(opamp::Orders orders, const Received& received) override;

    void post(lifecycle::Event event);
    void queue_offer(opamp::RemoteConfig offer, const Received& received = {});
    async::Task<lifecycle::Event> next_event();
    async::Task<std::optional<lifecycle::Event>> exit_event();
    async::Task<> end_descendants(pid_t group);
    std::uint64_t memory_kills() const;
    std::string describe(const process::ExitStatus& status) const;
    async::Task<> step(lifecycle::Event event);

    async::Task<> perform(lifecycle::Stage stage);
    async::Task<> perform(lifecycle::Start start);
    async::Task<> perform(lifecycle::Install install);
    async::Task<> perform(lifecycle::Reload reload);
    async::Task<> perform(lifecycle::Adopt adopt);
    async::Task<> perform(lifecycle::SignalStop stop);
    async::Task<> perform(lifecycle::Kill);
    async::Task<> perform(lifecycle::ArmDeadline arm);
    async::Task<> perform(lifecycle::ClearDeadline);
    async::Task<> perform(lifecycle::Commit commit);
    async::Task<> perform(lifecycle::ReportConfig report);
    async::Task<> perform(lifecycle::ReportHealth report);
    async::Task<> perform(lifecycle::NoteRollback rollback);
    async::Task<> perform(lifecycle::NoteRestart restart);
    async::Task<> perform(lifecycle::Finish);

    async::Task<> stage(lifecycle::OfferId id, opamp::RemoteConfig offer);
    async::Task<> stage_own_telemetry(lifecycle::OfferId id, config::OwnTelemetry own_telemetry);
    async::Task<> report_own_telemetry(lifecycle::ReportConfig report);
    base::Result<void> write_own_telemetry(const ConfigKeeper::Given& given) const;
    config::Variables own_telemetry_of(const ConfigKeeper::Given& given, settings::TelemetryDelivery way) const;
    async::Task<base::Result<ConfigKeeper::Given>> install_revision(std::uint64_t id);
    async::Task<> reload(lifecycle::Revision revision);
    async::Task<base::Result<void>> reload_with(std::uint64_t revision);
    async::Task<> end_probes();
    void heed_probes();
    void remove_private_folders() const;
    base::Result<void> spawn(const ConfigKeeper::Given& given);
    async::Task<base::Result<void>> run_pre_start();
    async::Task<> run_post_stop();
    async::Task<base::Result<void>> run_hook(const settings::Command& hook, const char* name);
    async::Task<std::string> last_words();
    async::Task<std::string> with_last_words(std::string reason);
    async::Task<std::string> reason_of(const lifecycle::ReportConfig& report);
    void take_identity(const base::Uuid& uid);
    void describe();
    async::Task<> find_version();
    std::vector<telemetry::ObservedProcess> processes() const;
    void report_health(bool healthy, const std::string& reason, opamp::Urgency urgency = opamp::Urgency::at_once);
    void tell_health(opamp::Urgency urgency);
    std::string status_text() const;

    const settings::Agent& agent_;
    const std::filesystem::path folder_;
    const lifecycle::Policy policy_;
    const std::vector<settings::StopStep> stops_;
    Shared shared_;
    base::log::Scope log_;
    AgentTelemetry telemetry_;

    std::optional<ConfigKeeper> keeper_;
    Identity identity_;
    AgentVersion version_;
    std::string version_text_;  ///< Empty while it is not known.
    Facts facts_;
    ServerSide server_;

    lifecycle::State state_;
    std::deque<lifecycle::Event> inbox_;
    bool shutdown_asked_ = false;
    bool has_no_patience_ = false;
    async::Notice inbox_filled_;
    async::Notice begun_;
    async::Notice shutdown_wanted_;
    async::Notice kill_wanted_;
    async::Notice spawned_;
    async::SteadyClock::time_point deadline_ = async::SteadyClock::time_point::max();
    AgentOutput output_;
    AgentOutputRecords output_records_;
    std::unique_ptr<process::Child> child_;
    PrivateFolder secrets_;  ///< Of that process; so are the next two.
    base::LiteralSecrets known_secrets_;
    std::string run_id_;
    std::optional<process::Cgroup> cgroup_;
    std::uint64_t memory_kills_before_ = 0;  ///< The present process.
    AgentProbes probes_;
    async::TaskGroup reloads_;
    async::TaskGroup staging_;
    opamp::ComponentHealth health_;
    std::optional<async::SteadyClock::time_point> died_;  ///< For the log: from an end to the next start.

    Offers offers_;
    OwnTelemetryRollouts own_telemetry_;
    bool is_flip_ = false;                   ///< In the present step: a probe of an agent that is proven has spoken.
    lifecycle::OfferId tried_offer_ = 0;     ///< In the present step: the one that a process was started for.
    std::optional<std::string> last_words_;  ///< Once asked for: of the process of the present step.
    std::optional<std::string> last_received_hash_;
};

}  // namespace supervisor
