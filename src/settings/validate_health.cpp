#include <algorithm>
#include <functional>
#include <vector>

#include "settings/checks.hpp"
#include "settings/scalar.hpp"
#include "settings/validate_agent.hpp"

namespace settings {
namespace {

constexpr std::size_t kLongestSocket = 107;  // of sockaddr_un

struct Wanted {
    EndpointShape shape;
    const char* what;
    const char* example;
};

/// Nothing for a type that asks nobody.
std::optional<Wanted> wanted_endpoint(ProbeType type) {
    switch (type) {
    case ProbeType::http: return Wanted{EndpointShape::url, "the URL to ask", "http://127.0.0.1:8080/healthz"};
    case ProbeType::tcp: return Wanted{EndpointShape::address, "the address to connect to", "127.0.0.1:5432"};
    case ProbeType::unix_socket: return Wanted{EndpointShape::socket, "the path of a socket", "/run/agent.sock"};
    case ProbeType::process:
    case ProbeType::command:
    case ProbeType::file:
    case ProbeType::notify: break;
    }
    return std::nullopt;
}

/// A key that is for one type alone.
struct OwnKey {
    std::string name;
    ProbeType type;
    std::function<void()> drop;
};

class ProbeCheck {
public:
    ProbeCheck(Probe& probe, std::string path, Report& report)
        : probe_(probe), path_(std::move(path)), report_(report) {}

    void run() {
        if (report_.failed(key("type"))) return;
        check_endpoint();
        check_own_keys();
        need("command", ProbeType::command, !probe_.command.empty(), "the program to run");
        need("file", ProbeType::file, !probe_.file.empty(), "the file that the agent writes");
    }

private:
    std::string key(const std::string& name) const { return path_ + "." + name; }
    std::string type() const { return as_text(probe_.type); }

    /// Whoever chooses another type than the preset need not take away what the preset gives for its own.
    bool is_overruled(const std::string& name) const {
        return report_.is_from_preset(key(name)) && report_.has(key("type")) && !report_.is_from_preset(key("type"));
    }

    void need(const std::string& name, ProbeType type, bool is_given, const std::string& what) {
        if (probe_.type == type && !is_given && !report_.failed(key(name)))
            report_.add(key(name), "is missing (type " + this->type() + " needs " + what + ")");
    }

    void check_endpoint() {
        if (report_.failed(key("endpoint"))) return;
        const auto wanted = wanted_endpoint(probe_.type);
        const bool fits = wanted && shape_of_endpoint(probe_.endpoint) == wanted->shape;
        if (!probe_.endpoint.empty() && !fits && is_overruled("endpoint")) {
            probe_.endpoint.clear();
            report_.forget(key("endpoint"));
        }
        if (!wanted) {
            if (!probe_.endpoint.empty())
                report_.add(key("endpoint"),
                            "is never asked with type " + type() + " (write type: http, or remove the endpoint)");
        } else if (probe_.endpoint.empty()) {
            report_.add(key("endpoint"),
                        "is missing (type " + type() + " needs " + wanted->what + ", such as " + wanted->example + ")");
        } else if (!fits) {
            report_.add(key("endpoint"), "is not for type " + type() + ", which needs " + wanted->what + " (write " +
                                             wanted->example + ", or another type)");
        }
    }

    void check_own_keys() {
        const OwnKey own[] = {
            {"status", ProbeType::http, [&] { probe_.status = Probe{}.status; }},
            {"body", ProbeType::http, [&] { probe_.body.clear(); }},
            {"tls.ca_file", ProbeType::http, [&] { probe_.tls.ca_file.clear(); }},
            {"tls.insecure_skip_verify", ProbeType::http, [&] { probe_.tls.insecure_skip_verify = false; }},
            {"command", ProbeType::command, [&] { probe_.command.clear(); }},
            {"file", ProbeType::file, [&] { probe_.file.clear(); }},
            {"max_age", ProbeType::file, [&] { probe_.max_age = {}; }},
            {"watchdog_timeout", ProbeType::notify, [&] { probe_.watchdog_timeout = {}; }},
        };
        for (const OwnKey& one : own) {
            if (one.type == probe_.type || !report_.has(key(one.name))) continue;
            if (is_overruled(one.name))
                one.drop();
            else
                report_.add(key(one.name), "does nothing with type " + type() + " (write type: " + as_text(one.type) +
                                               ", or remove it)");
        }
        const bool is_http = probe_.type == ProbeType::http && probe_.endpoint.starts_with("http:");
        for (const char* name : {"tls.ca_file", "tls.insecure_skip_verify"})
            if (is_http && report_.has(key(name)) && !report_.is_from_preset(key(name)))
                report_.add(key(name), "does nothing without TLS (write https:// in endpoint, or remove it)");
    }

    Probe& probe_;
    const std::string path_;
    Report& report_;
};

void check_names(const Health& health, const std::string& path, Report& report) {
    const std::string own = as_text(health.type);
    if (health.type != ProbeType::process && health.probes.contains(own))
        report.add(path + ".probes." + own,
                   "has the name of the probe that " + path + ".type makes (give another one, or remove the type)");
    std::vector<std::string> notified;
    if (health.type == ProbeType::notify) notified.push_back(path + ".type");
    for (const auto& [name, probe] : health.probes)
        if (probe.type == ProbeType::notify) notified.push_back(path + ".probes." + name);
    if (notified.size() > 1)
        report.add(notified[1], "is of type notify, as " + notified[0] + " is: there is one socket (keep one)");
}

/// READY=1 of the start would be taken for the proof of each config that comes by a reload.
void check_proof_of_reload(const Agent& agent, const std::string& path, Report& report) {
    const bool is_told_alone = agent.health.type == ProbeType::notify && agent.health.probes.empty();
    if (is_told_alone && agent.reload.signal != 0 && agent.reload.confirm == ReloadConfirm{})
        report.add(
            path + ".reload.confirm",
            "is missing (health.type notify says nothing of a reload by a signal: write notify: true, or another "
            "proof)");
}

bool has_notify(const Agent& agent) {
    const Health& health = agent.health;
    return agent.reload.confirm.notify || health.type == ProbeType::notify ||
           std::ranges::any_of(health.probes, [](const auto& named) { return named.second.type == ProbeType::notify; });
}

}  // namespace

bool waits_for_uptime(const Health& health) {
    if (health.probes.empty()) return health.type == ProbeType::process;
    return std::ranges::any_of(health.probes,
                               [](const auto& named) { return named.second.type == ProbeType::process; });
}

void check_health(Agent& agent, const std::string& path, const Environment& environment, Report& report) {
    const std::string section = path + ".health";
    const auto check = [&](Probe& probe, const std::string& its_path) {
        ProbeCheck(probe, its_path, report).run();
        check_command(probe.command, its_path + ".command", environment, report);
        if (!probe.file.empty()) probe.file = absolute(agent.working_directory / probe.file, environment);
    };
    check(agent.health, section);
    for (auto& [name, probe] : agent.health.probes) check(probe, section + ".probes." + name);
    check_names(agent.health, section, report);
    check_proof_of_reload(agent, path, report);
}

void check_notify_socket(const Agent& agent, const std::string& path, Report& report) {
    const std::size_t size = (agent.provisions.folder / kNotifySocket).string().size();
    if (!has_notify(agent) || size <= kLongestSocket) return;
    report.add("storage.runtime_directory",
               "is too long for the socket of " + path + ", " + agent.provisions.folder.filename().string() + "/" +
                   std::string(kNotifySocket) + " in it: its path has " + std::to_string(size) +
                   " bytes, and may have " + std::to_string(kLongestSocket) + " (give a shorter one)");
}

}  // namespace settings
