#include "supervisor/privilege_check.hpp"

#include <linux/capability.h>
#include <unistd.h>

#include <optional>

#include "base/files.hpp"
#include "process/cgroup.hpp"
#include "settings/capability_name.hpp"
#include "settings/command_line.hpp"
#include "settings/resource_limit.hpp"
#include "supervisor/provision.hpp"

namespace supervisor {
namespace {

namespace fs = std::filesystem;
using process::PrivilegeStep;

/// What a child of another user costs the daemon: to change, to give files, to stop it.
constexpr int kForAnotherUser[] = {CAP_SETUID, CAP_SETGID, CAP_CHOWN, CAP_KILL};

struct Wanted {
    process::Access access;
    std::string key;   ///< Below the agent's.
    std::string what;  ///< "is not a program that {user} may run (…)".
};

std::string name_of_user(const settings::Agent& agent) {
    return agent.privileges.user.empty() ? "this user" : "the user " + agent.privileges.user;
}

class Check {
public:
    Check(const settings::Settings& settings, const settings::Agent& agent)
        : agent_(agent),
          path_(settings.agents.size() == 1 && agent.name == settings::Agent{}.name ? "agent"
                                                                                    : "agents." + agent.name) {}

    /// Nothing: all is well.
    std::optional<std::string> complaint() {
        if (agent_.cgroup.enabled)
            if (const auto tree = process::CgroupTree::find(process::controllers_of(agent_.cgroup.files)); !tree)
                return said("cgroup", tree.error().text());
        const process::Privileges privileges = privileges_of(agent_);
        if (privileges == process::Privileges{}) return std::nullopt;
        if (const std::string missing = missing_for_another_user(privileges); !missing.empty())
            return said("user", "'" + agent_.privileges.user + "' is another user, and opampd lacks " + missing +
                                    " (run opampd as root, or with these capabilities, or remove the key)");
        const auto wanted = wanted_paths();
        std::vector<process::Access> accesses;
        for (const Wanted& one : wanted) accesses.push_back(one.access);
        const auto trouble = process::rehearse(privileges, agent_.working_directory, accesses);
        if (!trouble) return said("user", trouble.error().text());
        return *trouble ? std::optional(explained(**trouble, wanted)) : std::nullopt;
    }

private:
    std::string said(const std::string& key, const std::string& what) const { return path_ + "." + key + ": " + what; }

    static std::string missing_for_another_user(const process::Privileges& privileges) {
        if (privileges.user.value_or(::geteuid()) == ::geteuid()) return "";
        std::uint64_t missing = 0;
        for (const int capability : kForAnotherUser) missing |= std::uint64_t{1} << capability;
        return settings::capability_names(missing & ~process::effective_capabilities());
    }

    static fs::path what_is_there_of(fs::path folder) {
        std::error_code code;
        while (!fs::exists(folder, code) && folder.has_relative_path()) folder = folder.parent_path();
        return folder;
    }

    std::vector<Wanted> wanted_paths() const {
        const std::string user = name_of_user(agent_);
        std::vector<Wanted> wanted{{{agent_.executable, X_OK},
                                    "executable",
                                    "'" + agent_.executable.string() + "' is not a program that " + user + " may run"}};
        const auto folder = [&](const fs::path& path, const char* key) {
            wanted.push_back(
                {{path, X_OK}, key, "'" + path.string() + "' is not a folder that " + user + " may enter"});
        };
        const fs::path of_config = agent_.config_path.parent_path();
        const bool is_made = agent_.config_layout == settings::ConfigLayout::folder;
        folder(is_made ? what_is_there_of(of_config) : of_config, "config_path");
        if (agent_.own_telemetry.delivery == settings::TelemetryDelivery::file)
            folder(agent_.own_telemetry.file.parent_path(), "own_telemetry.file");
        // On the way to credentials and the like: the rest is made to be passed through.
        if (agent_.privileges.resolved.user) folder(what_is_there_of(agent_.provisions.folder), "user");
        for (const auto& [key, argv] : settings::commands_of(agent_))
            if (!argv->empty())
                wanted.push_back({{argv->front(), X_OK}, key, "the program is not one that " + user + " may run"});
        return wanted;
    }

    std::string explained(const process::PrivilegeTrouble& trouble, const std::vector<Wanted>& wanted) const {
        const std::string why = base::errno_error(trouble.code).text();
        const settings::Privileges& privileges = agent_.privileges;
        switch (trouble.step) {
        case PrivilegeStep::cgroup: return said("cgroup", why);
        case PrivilegeStep::limit: {
            const settings::ResourceLimit& limit = privileges.resolved.limits[trouble.index];
            return said("limits." + limit.name, settings::limit_text(limit) + " cannot be had: " + why +
                                                    " (above opampd's own hard limit it takes CAP_SYS_RESOURCE, and "
                                                    "nofile has the end that fs.nr_open says)");
        }
        case PrivilegeStep::nice:
            return said("nice", privileges.nice + " cannot be had: " + why +
                                    " (below opampd's own value it takes CAP_SYS_NICE, or LimitNICE= in its unit)");
        case PrivilegeStep::oom_score:
            return said("oom_score_adjust", privileges.oom_score_adjust + " cannot be had: " + why +
                                                " (below opampd's own value it takes CAP_SYS_RESOURCE)");
        case PrivilegeStep::groups:
            return said(privileges.supplementary_groups.empty() ? "group" : "supplementary_groups",
                        "the groups cannot be changed: " + why + " (it takes root, or CAP_SETGID)");
        case PrivilegeStep::group:
            return said(privileges.group.empty() ? "user" : "group",
                        "the group cannot be changed: " + why + " (it takes root, or CAP_SETGID)");
        case PrivilegeStep::bounding_set:
            return said("capability_bounding_set", "cannot be had: " + why + " (it takes root, or CAP_SETPCAP)");
        case PrivilegeStep::user:
            return said("user", "'" + privileges.user + "' cannot be had: " + why + " (it takes root, or CAP_SETUID)");
        case PrivilegeStep::ambient:
            return said("ambient_capabilities",
                        "cannot be had: " + why + " (opampd itself has to have them, and its bounding set too)");
        case PrivilegeStep::no_new_privileges: return said("no_new_privileges", "cannot be had: " + why);
        case PrivilegeStep::working_directory:
            return said("working_directory",
                        "'" + agent_.working_directory.string() + "' cannot be entered by " + name_of_user(agent_) +
                            ": " + why + " (give another folder, or change the mode of this one or of those above)");
        case PrivilegeStep::access:
            return said(wanted[trouble.index].key, wanted[trouble.index].what + ": " + why +
                                                       " (change its mode or its owner, or that of the folders above)");
        }
        return path_;
    }

    const settings::Agent& agent_;
    const std::string path_;
};

}  // namespace

std::vector<std::string> impossible_privileges(const settings::Settings& settings) {
    std::vector<std::string> found;
    for (const settings::Agent& agent : settings.agents)
        if (auto complaint = Check(settings, agent).complaint()) found.push_back(*std::move(complaint));
    return found;
}

}  // namespace supervisor
