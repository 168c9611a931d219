#include "settings/validate.hpp"

#include <algorithm>
#include <cctype>
#include <map>

#include "settings/checks.hpp"
#include "settings/default_paths.hpp"
#include "settings/keys.hpp"
#include "settings/place_files.hpp"
#include "settings/tree.hpp"
#include "settings/validate_agent.hpp"
#include "settings/validate_privileges.hpp"

namespace settings {
namespace {

namespace fs = std::filesystem;

/// The key `path` has a good value in the file.
bool given(const Report& report, const std::string& path) {
    return report.has(path) && !report.failed(path);
}

/// "the agent's program", from a meaning in Markdown.
std::string in_short(std::string_view meaning) {
    std::string text;
    for (const char c : meaning.substr(0, meaning.find(". ")))
        if (c != '`') text += c;
    if (text.ends_with('.')) text.pop_back();
    if (text.starts_with("The ")) text[0] = 't';
    return text;
}

void need_keys(const std::string& table_path, const std::string& path, const Target& target, Report& report) {
    for (const Key& key : keys()) {
        if (key.need != Need::required || section_of(key.name) != table_path) continue;
        const std::string full = joined(path, key.name.substr(table_path.size() + 1));
        const bool has_value = std::visit(
            [&](auto access) {
                if constexpr (requires { access(target).empty(); })
                    return !access(target).empty();
                else
                    return true;
            },
            key.field);
        if (!has_value && !report.failed(full)) report.add(full, "is missing (give " + in_short(key.meaning) + ")");
    }
}

/// A value from the file is not shown, for it may have been expanded; a default is.
void check_order(const std::string& shorter, Duration less, const std::string& longer, Duration more, Report& report) {
    if (less <= more || report.failed(shorter) || report.failed(longer)) return;
    const auto by_default = [&](const std::string& key, Duration value) {
        return report.has(key) ? "" : ", which is " + base::format_duration(value) + " by default";
    };
    if (report.has(shorter))
        report.add(shorter, "is longer than " + longer + by_default(longer, more) + " (change one of them)");
    else
        report.add(longer, "is shorter than " + shorter + by_default(shorter, less) + " (change one of them)");
}

bool is_authorization(std::string_view name) {
    constexpr std::string_view kName = "authorization";
    return std::equal(name.begin(), name.end(), kName.begin(), kName.end(),
                      [](unsigned char a, unsigned char b) { return std::tolower(a) == b; });
}

void check_tls(const Tls& tls, Report& report) {
    const auto check_pair = [&](const std::string& key, const std::string& file, const std::string& other_key,
                                const std::string& other_file) {
        if (!file.empty() && other_file.empty() && !report.failed(other_key))
            report.add(key, "needs " + other_key + " too (give both, or none)");
    };
    check_pair("server.tls.cert_file", tls.cert_file, "server.tls.key_file", tls.key_file);
    check_pair("server.tls.key_file", tls.key_file, "server.tls.cert_file", tls.cert_file);
    if (!tls.ca_file.empty() && !tls.ca_pem.empty())
        report.add("server.tls.ca_pem", "is given together with server.tls.ca_file (keep one)");
    if (!tls.max_version.empty() && tls.min_version > tls.max_version)
        report.add("server.tls.max_version", "is below server.tls.min_version (change one of them)");
}

void check_certificate_request(const Settings& settings, Report& report) {
    const std::string key = "server.tls.certificate_request";
    const Server& server = settings.server;
    if (!server.tls.certificate_request || report.failed("server.endpoint")) return;
    if (!server.endpoint.starts_with("wss:") && !server.endpoint.starts_with("https:"))
        report.add(key, "needs a verified server (write wss:// or https:// in server.endpoint)");
    if (server.tls.insecure_skip_verify)
        report.add(key,
                   "is given together with server.tls.insecure_skip_verify (no request goes to an unverified server)");
    if (!settings.capabilities.accepts_opamp_connection_settings)
        report.add(key, "needs capabilities.accepts_opamp_connection_settings (what is issued comes as such an offer)");
}

/// A section without keys is as good as none.
bool has_key_below(const std::string& section, const Report& report) {
    return std::any_of(keys().begin(), keys().end(), [&](const Key& key) {
        return section_of(key.name) == section && report.has(std::string(key.name));
    });
}

void check_oauth2(const OAuth2& oauth2, Report& report) {
    const std::string path = "server.auth.oauth2";
    const auto need = [&](const std::string& name, bool is_given, const std::string& what) {
        if (!is_given && !report.failed(path + "." + name))
            report.add(path + "." + name, "is missing (give " + what + ")");
    };
    need("token_url", !oauth2.token_url.empty(), "the URL where tokens are asked for");
    need("client_id", !oauth2.client_id.empty(), "the client's name at the token server");
    if (!report.failed(path + ".client_secret"))
        need("client_secret_file", !oauth2.client_secret.empty() || !oauth2.client_secret_file.empty(),
             "the file with the client's password");
    if (!oauth2.client_secret.empty() && !oauth2.client_secret_file.empty())
        report.add(path + ".client_secret", "is given together with client_secret_file (keep one)");
}

void check_auth(const Server& server, Report& report) {
    const bool has_file = report.has("server.auth.bearer_token_file");
    const bool has_oauth2 = has_key_below("server.auth.oauth2", report);
    if (has_oauth2) check_oauth2(server.auth.oauth2, report);
    if (has_file && has_oauth2)
        report.add("server.auth.oauth2", "is given together with server.auth.bearer_token_file (keep one)");
    for (const auto& [name, value] : server.headers)
        if ((has_file || has_oauth2) && is_authorization(name))
            return report.add("server.auth", "is given together with the header Authorization (keep one)");
}

void check_signature(const RemoteConfig& remote, const std::string& path, Report& report) {
    const std::string keys = path + ".remote_config.public_keys";
    if (remote.require_signature && remote.public_keys.empty() && !report.failed(keys))
        report.add(keys, "is missing (require_signature needs a file with public keys)");
}

/// What two agents may not share. The first one with it wins.
class Claims {
public:
    void claim(const std::string& what, const std::string& path, const std::string& name, const std::string& complaint,
               Report& report) {
        const auto [holder, is_free] = claimed_.emplace(what, path + "." + name);
        if (!is_free) report.add(path + "." + name, complaint + " " + holder->second + " (give another one)");
    }

private:
    std::map<std::string, std::string> claimed_;
};

void check_commands(Settings& settings, Agent& agent, const std::string& path, const Environment& environment,
                    Report& report) {
    for (auto& [name, capability] : agent.custom_capabilities) {
        const std::string its_path = path + ".custom_capabilities." + name;
        need_keys("agent.custom_capabilities", its_path, {settings, agent, capability, agent.health}, report);
        check_command(capability.command, its_path + ".command", environment, report);
    }
    const auto check_optional = [&](const std::string& section, std::vector<std::string>& command, const char* what) {
        // "[]" is how a preset's program is left out.
        const bool is_given = report.has(section + ".command");
        if (report.has(section + ".timeout") && command.empty() && !is_given)
            report.add(section, std::string("has no command (give the program that ") + what + ")");
        check_command(command, section + ".command", environment, report);
    };
    check_optional(path + ".available_components", agent.available_components.command, "lists the components");
    check_optional(path + ".config_check", agent.config_check.command, "checks a config");
    check_optional(path + ".version", agent.version.command, "says the agent's version");
    check_optional(path + ".pre_start", agent.pre_start.command, "is run before a start");
    check_optional(path + ".post_stop", agent.post_stop.command, "is run after an end");
}

void check_agents(Settings& settings, const std::vector<std::string>& paths, const Environment& environment,
                  Report& report) {
    Claims files, ids;
    for (std::size_t i = 0; i < settings.agents.size(); ++i) {
        Agent& agent = settings.agents[i];
        const std::string& path = paths[i];
        CustomCapability none;
        if (!report.failed(path + ".preset")) need_keys("agent", path, {settings, agent, none, agent.health}, report);
        check_commands(settings, agent, path, environment, report);
        check_order(path + ".restart.initial_backoff", agent.restart.initial_backoff, path + ".restart.max_backoff",
                    agent.restart.max_backoff, report);
        if (waits_for_uptime(agent.health))
            check_order(path + ".min_uptime", agent.min_uptime, path + ".config_apply_timeout",
                        agent.config_apply_timeout, report);
        check_reload(agent.reload, path, environment, report);
        check_stop(agent, path, report);
        check_signature(agent.remote_config, path, report);
        resolve_privileges(agent, path, environment, report);
        resolve_cgroup(agent, path, report);
        check_credentials(agent, path, report);
        place_config(agent, path, settings.file, environment, report);
        check_health(agent, path, environment, report);
        place_own_telemetry(agent, path, settings.file, environment, report);
        check_output(agent, path, settings.file, environment, report);
        const fs::path real = environment.canonical(agent.config_path);
        const bool is_placed = !report.failed(path + ".config_path") && !report.failed(path + ".working_directory");
        if (is_placed) files.claim(real.string(), path, "config_path", "names the same file as", report);
        const bool has_file = agent.own_telemetry.delivery == TelemetryDelivery::file;
        if (has_file && is_placed && !report.failed(path + ".own_telemetry.file"))
            files.claim(environment.canonical(agent.own_telemetry.file).string(), path, "own_telemetry.file",
                        "names the same file as", report);
        if (!agent.output.file.empty() && !report.failed(path + ".output.file"))
            files.claim(environment.canonical(agent.output.file).string(), path, "output.file",
                        "names the same file as", report);
        if (!agent.instance_id.empty()) ids.claim(agent.instance_id, path, "instance_id", "is the same as", report);
    }
}

void check_one_form(Report& report) {
    if (report.has("agent") && report.has("agents"))
        report.add("agents", "is given together with agent (keep one of them)");
    if (!report.has("agent") && !report.has("agents"))
        report.add("agent", "is missing (write agent: with an executable below it, or agents: for several)");
}

void choose_paths(Settings& settings, const Environment& environment, Report& report) {
    fs::path& storage = settings.storage.directory;
    if (storage.empty() && !report.failed("storage.directory")) storage = default_state_folder(environment);
    if (storage.empty() && !report.failed("storage.directory"))
        report.add("storage.directory",
                   "is missing, and this user has no home folder (give a folder to keep state in)");
    if (settings.control.socket.empty()) settings.control.socket = default_socket(storage, environment);
    fs::path& runtime = settings.storage.runtime_directory;
    if (runtime.empty()) runtime = default_runtime_folder(storage, environment);
    for (Agent& agent : settings.agents) agent.provisions.folder = runtime / (agent.name + ".private");
}

}  // namespace

void check_command(std::vector<std::string>& command, const std::string& path, const Environment& environment,
                   Report& report) {
    if (command.empty() || report.failed(path)) return;
    // Only what is wrong is said, not with what: an expanded value may be a secret.
    if (const auto complaint = program({"", command.front()}, environment))
        report.add(path, "the program " + *complaint);
}

void validate(Settings& settings, const std::vector<std::string>& agent_paths, const Environment& environment,
              Report& report) {
    Agent none;
    CustomCapability no_capability;
    need_keys("server", "server", {settings, none, no_capability, none.health}, report);
    check_tls(settings.server.tls, report);
    check_certificate_request(settings, report);
    check_auth(settings.server, report);
    check_order("server.reconnect.initial_interval", settings.server.reconnect.initial_interval,
                "server.reconnect.max_interval", settings.server.reconnect.max_interval, report);
    check_one_form(report);
    check_agents(settings, agent_paths, environment, report);
    choose_paths(settings, environment, report);
    for (std::size_t i = 0; i < settings.agents.size(); ++i)
        check_notify_socket(settings.agents[i], agent_paths[i], report);
    const Telemetry::Tls& tls = settings.telemetry.tls;
    if (tls.cert_file.empty() != tls.key_file.empty())
        report.add("telemetry.tls", "has only one of cert_file and key_file (give both, or neither)");
    if (given(report, "telemetry.logs.outputs") && given(report, "telemetry.logs.output_paths"))
        report.add("telemetry.logs.output_paths", "is given together with telemetry.logs.outputs (keep one)");
}

}  // namespace settings
