#include "supervisor/daemon.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>

#include <algorithm>
#include <cerrno>
#include <set>

#include "base/files.hpp"
#include "base/log.hpp"
#include "supervisor/connection_options.hpp"
#include "supervisor/private_folder.hpp"
#include "telemetry/environment.hpp"

namespace supervisor {

using namespace std::chrono_literals;
using async::Task;
using namespace async;  // the awaitable operators

namespace {

/// For the goodbyes of all connections together, once the agents have ended.
constexpr auto kGoodbyeLimit = 3s;
/// For what agents have left behind where nobody could tell whose it was.
constexpr auto kLastOrphansLimit = 2s;
/// For what is left to be told then.
constexpr auto kLastTelemetryLimit = 2s;

}  // namespace

Daemon::Daemon(asio::any_io_executor executor, const settings::Settings& settings, process::Guard* guard)
    : settings_(settings),
      orphans_(executor),
      answers_(disk_, readers_, agents_, [this] { return read_settings_again(); }),
      control_(executor, {settings.control.socket, settings.control.group}, answers_),
      signals_(executor),
      lives_(executor),
      connections_(executor),
      exports_(executor),
      attendants_(executor) {
    const auto options = telemetry::laid_over({}, telemetry::read_environment(environment_variable));
    const AgentSupervisor::Shared shared{
        executor,  disk_,     readers_,      packer_, guard, options, look_around({"/", environment_variable}),
        &orphans_, &cgroups_, &memory_kills_};
    for (const settings::Agent& agent : settings_.agents)
        agents_.push_back(std::make_unique<AgentSupervisor>(shared, settings_, agent));
    if (is_wanted(settings_.healthcheck)) local_endpoint_ = std::make_unique<LocalEndpoint>(executor, agents_);
    base::log::listen([this](base::log::Level level, std::string_view event, const base::log::Fields& fields) {
        tell(level, event, fields);
    });
}

Daemon::~Daemon() {
    base::log::listen({});
}

/// To those whom it concerns: the agent that it names, else all of them.
void Daemon::tell(base::log::Level level, std::string_view event, const base::log::Fields& fields) {
    const auto named = std::ranges::find(fields, "agent", &base::log::Field::key);
    for (const auto& agent : agents_)
        if (named == fields.end() || named->value() == agent->name()) agent->telemetry().note(level, event, fields);
}

void Daemon::use(const LocalTelemetry& local) {
    for (const std::string& note : local.notes) base::log::warning("telemetry.variable_ignored", {{"detail", note}});
    for (const auto& agent : agents_) agent->telemetry().use_local(local);
}

base::Result<base::UniqueFd> Daemon::lock_state() const {
    const auto& folder = settings_.storage.directory;
    if (auto made = base::make_folder(folder, 0700); !made)
        return std::move(made).error().hint("set storage.directory to a folder that this user can write to");
    const auto file = folder / "lock";
    if (auto note = base::make_room(file, base::Wanted::file))
        base::log::warning("state.set_aside", {{"detail", *note}});
    base::UniqueFd lock(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock)
        return base::errno_error(errno)
            .within("opening '" + file.string() + "'")
            .hint("set storage.directory to a folder that this user can write to");
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
        return base::Error(base::Kind::refused, "another opampd uses the state folder '" + folder.string() + "'")
            .hint("stop it, or give this one another storage.directory");
    return lock;
}

/// Before the threads do anything: the whole process moves.
base::Result<void> Daemon::divide_cgroup() {
    process::CgroupFiles wanted;
    bool is_wanted = false;
    for (const settings::Agent& agent : settings_.agents) {
        is_wanted = is_wanted || agent.cgroup.enabled;
        wanted.insert(agent.cgroup.files.begin(), agent.cgroup.files.end());
    }
    if (!is_wanted) return {};
    auto tree = process::CgroupTree::find(process::controllers_of(wanted));
    if (!tree) return std::move(tree).error();
    cgroups_.emplace(*std::move(tree));
    return cgroups_->divide();
}

base::Result<void> Daemon::open() {
    auto lock = lock_state();
    if (!lock) return std::move(lock).error();
    lock_ = std::move(*lock);
    const auto local = local_telemetry(settings_, environment_variable);
    if (!local) return local.error();
    use(*local);
    if (auto divided = divide_cgroup(); !divided) return divided;
    memory_kills_ = process::MemoryKills::here();
    std::set<std::string> names;
    for (const settings::Agent& agent : settings_.agents) names.insert(agent.provisions.folder.filename());
    remove_left_folders(settings_.storage.runtime_directory, names);
    for (const auto& agent : agents_)
        if (auto opened = agent->open(); !opened)
            return std::move(opened).error().within("agent '" + agent->name() + "'");
    return {};
}

Task<> Daemon::run() {
    ::signal(SIGPIPE, SIG_IGN);
    for (const int signo : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signo);
    base::log::info(
        "daemon.started",
        {{"version", OPAMPD_VERSION}, {"agents", agents_.size()}, {"state", settings_.storage.directory.string()}});
    for (const auto& agent : agents_) {
        connections_.spawn("connection of " + agent->name(), agent->talk_to_server());
        lives_.spawn("agent " + agent->name(), agent->run());
    }
    attendants_.spawn("orphans", orphans_.run());
    attendants_.spawn("signals", await_signals());
    attendants_.spawn("questions", answer_questions());

    co_await lives_.joined();
    co_await orphans_.end_all(kLastOrphansLimit);
    for (const auto& agent : agents_) agent->say_goodbye();
    attendants_.spawn("limit of the goodbyes", limit_goodbyes());
    co_await connections_.joined();
    for (const auto& agent : agents_) co_await agent->close_output();
    base::log::info("daemon.stopped");
    co_await send_last_telemetry();
    attendants_.cancel();
    co_await attendants_.joined();
}

Task<> Daemon::send_last_telemetry() {
    for (const auto& agent : agents_) agent->telemetry().finish();
    attendants_.spawn("limit of the telemetry", limit_last_telemetry());
    co_await exports_.joined();
}

Task<> Daemon::limit_last_telemetry() {
    co_await sleep_for(kLastTelemetryLimit);
    exports_.cancel();
}

Task<> Daemon::limit_goodbyes() {
    co_await sleep_for(kGoodbyeLimit);
    connections_.cancel();
}

std::string Daemon::status_line() const {
    std::size_t running = 0;
    for (const auto& agent : agents_) running += agent->is_running();
    return std::to_string(running) + " of " + std::to_string(agents_.size()) +
           (agents_.size() == 1 ? " agent" : " agents") + " running";
}

/// After what is urgent at a start, and before we say that we are ready.
Task<> Daemon::answer_questions() {
    for (const auto& agent : agents_) co_await agent->begun().raised();
    const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
    if (is_ended) co_return;
    for (const auto& agent : agents_) {
        exports_.spawn("telemetry of " + agent->name(), agent->telemetry().run());
        attendants_.spawn("output of " + agent->name(), agent->send_output());
        attendants_.spawn("description of " + agent->name(), agent->find_out());
        attendants_.spawn("rotated output of " + agent->name(), agent->pack_output());
    }
    if (const auto listens = control_.listen(); !listens)
        base::log::warning("control.listen_failed", {{"error", listens.error().text()}});
    else
        base::log::info("control.opened", {{"socket", settings_.control.socket.string()}});
    const bool has_endpoint = open_local_endpoint();
    service_manager_.notify("READY=1\nSTATUS=" + status_line());
    if (has_endpoint)
        co_await (control_.run() && local_endpoint_->run());
    else
        co_await control_.run();
}

bool Daemon::open_local_endpoint() {
    if (!local_endpoint_) return false;
    const std::string& address = settings_.healthcheck.endpoint;
    if (const auto listens = local_endpoint_->listen(address); !listens) {
        base::log::error("healthcheck.listen_failed", {{"endpoint", address}, {"error", listens.error().text()}});
        return false;
    }
    base::log::info("healthcheck.opened", {{"endpoint", address}});
    return true;
}

Task<> Daemon::await_signals() {
    for (;;) {
        const auto [error, signo] = co_await signals_.async_wait(as_result);
        if (error) co_return;
        note_signal(signo);
    }
}

/// Of the file that may have changed, what can be changed while agents run.
SettingsReload Daemon::read_settings_again() {
    SettingsReload reload = read_again(settings_, environment_variable);
    const std::string file = settings_.file.string();
    if (!reload.mistakes.empty()) {
        base::log::error("settings.reload_failed",
                         {{"file", file}, {"error", reload.mistakes.front()}, {"mistakes", reload.mistakes.size()}});
        return reload;
    }
    use(reload.telemetry);
    std::string later;
    for (const std::string& key : reload.at_next_start) later += (later.empty() ? "" : ", ") + key;
    base::log::info("settings.reloaded", {{"file", file}, {"sections", "telemetry"}, {"at_next_start", later}});
    return reload;
}

void Daemon::note_signal(int signo) {
    if (signo == SIGHUP) {
        read_settings_again();
        return;
    }
    base::log::info("daemon.stopping", {{"signal", signo == SIGTERM ? "SIGTERM" : "SIGINT"}, {"again", is_stopping_}});
    service_manager_.notify("STOPPING=1\nSTATUS=stopping the agents");
    for (const auto& agent : agents_) is_stopping_ ? agent->kill_now() : agent->shut_down();
    is_stopping_ = true;
}

}  // namespace supervisor
