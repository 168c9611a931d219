#include "supervisor/identity.hpp"

#include <unistd.h>

#include <algorithm>
#include <map>
#include <string_view>

#include "base/files.hpp"
#include "process/run_mark.hpp"
#include "supervisor/own_telemetry_environment.hpp"

namespace supervisor {
namespace {

constexpr mode_t kPrivateFile = 0600;

/// What systemd tells the daemon about itself would mislead an agent that speaks the same protocols; its credentials
/// are the daemon's.
constexpr std::string_view kOursAlone[] = {
    "NOTIFY_SOCKET",  "WATCHDOG_PID",   "WATCHDOG_USEC",         "LISTEN_PID",         "LISTEN_FDS",
    "LISTEN_FDNAMES", "JOURNAL_STREAM", "CREDENTIALS_DIRECTORY", process::kRunVariable};

void lay_over(std::map<std::string, std::string>& attributes, const settings::TextMap& over) {
    for (const auto& [key, value] : over) attributes[key] = value;
}

}  // namespace

base::Result<Identity> load_identity(const std::filesystem::path& folder, const std::string& configured) {
    Identity identity;
    const auto file = folder / "instance_uid";
    auto text = base::read_file(file, 4096);
    if (text) {
        text->erase(std::find(text->begin(), text->end(), '\n'), text->end());
        if (const auto uid = base::Uuid::parse(*text)) {
            identity.uid = *uid;
            return identity;
        }
    }
    if (text || text.error().kind() != base::Kind::not_found) {
        auto aside = base::set_aside(file);
        identity.notes.push_back("the stored instance UID cannot be read, a new one is made" +
                                 (aside ? "; kept as '" + aside->string() + "'" : ""));
    }
    const auto given = base::Uuid::parse(configured);
    identity.uid = given ? *given : base::Uuid::v7(std::chrono::system_clock::now());
    if (auto stored = store_identity(folder, identity.uid); !stored) return std::move(stored).error();
    return identity;
}

base::Result<void> store_identity(const std::filesystem::path& folder, const base::Uuid& uid) {
    if (auto made = base::make_folder(folder, 0700); !made) return made;
    return base::replace_file(folder / "instance_uid", uid.text() + "\n", kPrivateFile);
}

opamp::AgentDescription describe_agent(const settings::Agent& agent, const base::Uuid& uid, const std::string& version,
                                       const Facts& facts) {
    std::map<std::string, std::string> identifying{{"service.name", agent.executable.filename().string()},
                                                   {"service.instance.id", uid.text()}};
    if (!version.empty()) identifying["service.version"] = version;
    std::map<std::string, std::string> others = facts;
    others["opampd.agent.name"] = agent.name;
    others["opampd.version"] = OPAMPD_VERSION;
    lay_over(identifying, agent.description.identifying_attributes);
    lay_over(others, agent.description.non_identifying_attributes);
    return {{identifying.begin(), identifying.end()}, {others.begin(), others.end()}};
}

std::vector<std::string> agent_environment(const settings::Agent& agent, const base::Uuid& uid,
                                           const std::string& config_hash, const settings::TextMap& offered,
                                           const settings::TextMap& given) {
    std::map<std::string, std::string> variables;
    for (char** next = environ; *next; ++next) {
        const std::string_view variable = *next;
        const std::size_t equals = variable.find('=');
        if (equals != std::string_view::npos)
            variables[std::string(variable.substr(0, equals))] = variable.substr(equals + 1);
    }
    for (const std::string_view name : kOursAlone) variables.erase(std::string(name));
    lay_over(variables, agent.privileges.resolved.variables);
    variables = without_offered_signals(std::move(variables), offered);
    lay_over(variables, offered);
    lay_over(variables, agent.env);
    lay_over(variables, given);
    variables["OPAMP_INSTANCE_UID"] = uid.text();
    variables["OPAMP_AGENT_NAME"] = agent.name;
    variables["OPAMP_CONFIG_FILE"] = agent.config_path.string();
    variables["OPAMP_CONFIG_HASH"] = config_hash;
    std::vector<std::string> environment;
    for (const auto& [name, value] : variables) environment.push_back(name + "=" + value);
    return environment;
}

}  // namespace supervisor
