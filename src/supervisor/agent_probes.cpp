#include "supervisor/agent_probes.hpp"

#include <algorithm>
#include <utility>

#include "process/descent.hpp"
#include "rules/admission.hpp"
#include "settings/checks.hpp"
#include "settings/command_line.hpp"
#include "settings/scalar.hpp"
#include "supervisor/from_settings.hpp"

namespace supervisor {

using namespace async;
using namespace std::chrono_literals;
using settings::ProbeType;

namespace {

/// An agent may tell as much as it likes; it is read so often at most, and so much at a time.
constexpr base::Duration kListeningPause = 20ms;
constexpr int kListenedAtOnce = 10;
constexpr int kMostOfOneTime = 64;

/// Of the watchdog, as the settings have it.
base::Duration watchdog_timeout(const std::vector<NamedProbe>& probes) {
    for (const auto& [name, probe] : probes)
        if (probe.type == ProbeType::notify) return probe.watchdog_timeout;
    return {};
}

net::Url address_of(const std::string& endpoint) {
    const std::size_t colon = endpoint.rfind(':');
    net::Url url;
    url.host = endpoint.substr(0, colon);
    if (url.host.starts_with('[')) url.host = url.host.substr(1, url.host.size() - 2);
    url.port = static_cast<std::uint16_t>(std::stoul(endpoint.substr(colon + 1)));  // the settings have checked it
    return url;
}

health::HttpProbe http_probe(const settings::Probe& probe) {
    health::HttpProbe made;
    if (auto url = net::parse_url(probe.endpoint)) made.url = std::move(*url);  // the settings have checked it
    made.timeout = probe.timeout;
    made.good.clear();
    for (const std::string& text : probe.status)
        if (const auto range = settings::parse_statuses(text)) made.good.push_back({range->first, range->last});
    made.body = probe.body;
    made.tls.ca_file = probe.tls.ca_file.string();
    made.tls.insecure_skip_verify = probe.tls.insecure_skip_verify;
    return made;
}

}  // namespace

std::vector<NamedProbe> probes_of(const settings::Agent& agent) {
    const settings::Health& health = agent.health;
    std::vector<NamedProbe> probes;
    if (health.type != ProbeType::process)
        probes.push_back({health.probes.empty() ? "" : settings::as_text(health.type), health});
    for (const auto& [name, probe] : health.probes) probes.push_back({name, probe});
    return probes;
}

AgentProbes::AgentProbes(Partners partners)
    : partners_(std::move(partners)),
      probes_(probes_of(partners_.agent)),
      redactor_(rules::redactor_of(partners_.agent)),
      asking_(partners_.executor),
      notified_(watchdog_timeout(probes_)),
      listening_pace_(kListeningPause, kListenedAtOnce),
      listening_(partners_.executor) {
    for (const auto& [name, probe] : probes_) {
        const bool is_told = probe.type == ProbeType::notify;
        const health::Thresholds once, as_set{probe.successes, probe.failures};
        const std::size_t index = checkup_.add(name, is_told ? once : as_set);
        ears_.emplace_back(*this, index);
        if (is_told) notify_index_ = index;
    }
}

base::Result<void> AgentProbes::open() {
    if (!notify_index_ && !partners_.agent.reload.confirm.notify) return {};
    const auto path = partners_.agent.provisions.folder / settings::kNotifySocket;
    if (auto made = make_passage(path.parent_path()); !made) return made;
    auto socket = health::NotifySocket::open(partners_.executor, path);
    if (!socket) return std::move(socket).error();
    socket_ = std::move(*socket);
    return base::give_to(path, owner_of(partners_.agent));
}

settings::TextMap AgentProbes::variables() const {
    settings::TextMap variables;
    if (!socket_) return variables;
    variables["NOTIFY_SOCKET"] = socket_->path().string();
    const auto timeout = std::chrono::duration_cast<std::chrono::microseconds>(watchdog_timeout(probes_));
    if (timeout.count() > 0) variables["WATCHDOG_USEC"] = std::to_string(timeout.count());
    return variables;
}

bool AgentProbes::run_commands() const {
    return std::ranges::any_of(probes_, [](const auto& one) { return one.probe.type == ProbeType::command; });
}

void AgentProbes::begin(Process process) {
    process_ = std::move(process);
    started_ = SteadyClock::now();
    started_unix_nano_ = process_.start_unix_nano;
    has_refused_ = false;
    checkup_.begin(started_unix_nano_);
    notified_.begin();
    if (socket_) listening_.spawn("notify", listen());
    ask();
}

void AgentProbes::begin_again() {
    checkup_.begin_again();
    ask();
}

void AgentProbes::ask() {
    for (std::size_t i = 0; i < probes_.size(); ++i) {
        if (notify_index_ == i) continue;
        const settings::Probe& probe = probes_[i].probe;
        asking_.spawn("probe", health::watch(make(i), {probe.interval, probe.successes}, ears_[i]));
    }
    if (notify_index_) heed_notified(SteadyClock::now());
}

Task<> AgentProbes::pause() {
    asking_.cancel();
    co_await asking_.joined();
}

Task<> AgentProbes::end() {
    asking_.cancel();
    listening_.cancel();
    co_await asking_.joined();
    co_await listening_.joined();
    process_ = {};
}

health::Probe AgentProbes::make(std::size_t index) {
    const settings::Probe& probe = probes_[index].probe;
    switch (probe.type) {
    case ProbeType::http: return http_probe(probe);
    case ProbeType::tcp: return health::TcpProbe{address_of(probe.endpoint), probe.timeout};
    case ProbeType::unix_socket: return health::UnixProbe{probe.endpoint};
    case ProbeType::command: return make_command(probe);
    case ProbeType::file:
        return health::FileProbe{probe.file, probe.max_age, started_unix_nano_, probe.timeout, &disks_[index]};
    case ProbeType::process:
    case ProbeType::notify: break;
    }
    return health::UptimeProbe{started_, partners_.agent.min_uptime};
}

health::Probe AgentProbes::make_command(const settings::Probe& probe) const {
    const settings::Agent& agent = partners_.agent;
    const settings::Replacements pid{{std::string(settings::kPidPlaceholder.name), std::to_string(process_.pid)}};
    std::vector<std::string> command = probe.command;
    for (std::string& word : command) word = settings::replaced(word, pid);
    const auto spec = command_spec(agent, {command, probe.timeout}, process_.instance_uid, process_.commands);
    return health::CommandProbe{partners_.executor, spec, partners_.guard};
}

void AgentProbes::Ear::probe_up(base::Duration took) {
    owner.partners_.metrics.probed(took, true, owner.probes_[index].name);
    owner.checkup_.well(index, base::unix_nano_now());
    owner.partners_.told();
}

void AgentProbes::Ear::probe_down(base::Duration took, const std::string& reason) {
    owner.partners_.metrics.probed(took, false, owner.probes_[index].name);
    owner.checkup_.unwell(index, owner.shown(reason), base::unix_nano_now());
    owner.partners_.told();
}

Task<> AgentProbes::listen() {
    for (;;) {
        co_await (socket_->readable() || sleep_until(notified_.next(SteadyClock::now())));
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return;
        const auto now = SteadyClock::now();
        for (int i = 0; i < kMostOfOneTime; ++i) {
            const auto message = socket_->receive();
            if (!message) break;
            take(*message, now);
        }
        heed_notified(now);
        listening_pace_.say(now);
        co_await sleep_until(listening_pace_.next());
        heed_notified(SteadyClock::now());  // a time may have passed meanwhile
    }
}

void AgentProbes::take(const health::NotifySocket::Message& message, SteadyClock::time_point now) {
    if (process::belongs_to(message.sender, process_.pid, process_.run_id)) {
        health::Notification told = health::parse_notification(message.text);
        if (told.status) told.status = shown(*told.status);
        notified_.take(told, now);
    } else if (!std::exchange(has_refused_, true)) {
        partners_.log.warning("notify.refused", {{"pid", message.sender}});
    }
}

void AgentProbes::heed_notified(SteadyClock::time_point now) {
    if (notify_index_) {
        const std::uint64_t unix_now = base::unix_nano_now();
        const std::string trouble = notified_.trouble(now);
        checkup_.say(*notify_index_, notified_.status(), unix_now);
        if (trouble.empty())
            checkup_.well(*notify_index_, unix_now);
        else
            checkup_.unwell(*notify_index_, trouble, unix_now);
    }
    partners_.told();
}

std::map<std::string, opamp::ComponentHealth> AgentProbes::components(std::uint64_t start_time) const {
    std::map<std::string, opamp::ComponentHealth> components;
    if (partners_.agent.health.probes.empty() || process_.pid == 0) return components;
    for (const health::Finding& found : checkup_.findings())
        components[found.name] = {found.is_up, start_time, found.error, found.status, found.since_unix_nano, {}};
    return components;
}

}  // namespace supervisor
