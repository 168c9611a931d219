#include "settings/validate_privileges.hpp"

#include <algorithm>

#include "base/number.hpp"
#include "base/units.hpp"
#include "settings/capability_name.hpp"
#include "settings/command_line.hpp"
#include "settings/resource_limit.hpp"

namespace settings {
namespace {

/// Of items that the table of keys has checked.
std::uint64_t capabilities_in(const std::vector<std::string>& items) {
    const bool is_inverted = !items.empty() && items.front().starts_with('~');
    std::uint64_t set = 0;
    for (const std::string& item : items)
        if (const auto number = parse_capability(std::string_view(item).substr(item.starts_with('~') ? 1 : 0)))
            set |= std::uint64_t{1} << *number;
    return is_inverted ? all_capabilities() & ~set : set;
}

class Resolver {
public:
    Resolver(Agent& agent, const std::string& path, const Environment& environment, Report& report)
        : privileges_(agent.privileges),
          resolved_(agent.privileges.resolved),
          path_(path),
          environment_(environment),
          report_(report) {}

    void resolve() {
        resolve_user();
        resolve_groups();
        resolve_numbers();
        resolve_capabilities();
    }

private:
    bool is_good(const std::string& key) const { return report_.has(path_ + key) && !report_.failed(path_ + key); }
    void add(const std::string& key, const std::string& message) { report_.add(path_ + key, message); }

    void resolve_user() {
        if (privileges_.user.empty() || !is_good(".user")) return;
        const auto user = environment_.find_user(privileges_.user);
        if (!user)
            return add(".user", "'" + privileges_.user + "' is no user of this host (create it, or give another)");
        if (user->group == kNobodyAtAll && privileges_.group.empty() && !report_.failed(path_ + ".group"))
            return add(".group", "is missing (the user " + privileges_.user + " is not in the database of users)");
        // Of opampd's own user nothing is to be changed, and no right is needed for that.
        const bool is_own = user->id == environment_.user_id() && !environment_.is_root() &&
                            privileges_.group.empty() && privileges_.supplementary_groups.empty();
        if (is_own) return;
        resolved_.user = user->id;
        if (user->group != kNobodyAtAll) resolved_.group = user->group;
        resolved_.groups = user->groups;
        if (!user->name.empty())
            resolved_.variables = {
                {"HOME", user->home}, {"USER", user->name}, {"LOGNAME", user->name}, {"SHELL", user->shell}};
    }

    std::optional<std::uint32_t> group(const std::string& name, const std::string& key) {
        const auto found = environment_.find_group(name);
        if (!found) add(key, "'" + name + "' is no group of this host (create it, or give another)");
        return found;
    }

    void resolve_groups() {
        if (!privileges_.group.empty() && is_good(".group")) {
            resolved_.group = group(privileges_.group, ".group");
            if (!resolved_.groups) resolved_.groups.emplace();
        }
        if (privileges_.supplementary_groups.empty() || !is_good(".supplementary_groups")) return;
        if (!resolved_.groups) resolved_.groups.emplace();
        for (const std::string& name : privileges_.supplementary_groups)
            if (const auto found = group(name, ".supplementary_groups"))
                if (std::ranges::find(*resolved_.groups, *found) == resolved_.groups->end())
                    resolved_.groups->push_back(*found);
    }

    void resolve_numbers() {
        if (!privileges_.umask.empty()) {
            std::uint32_t mode = 0;
            for (const char digit : privileges_.umask) mode = mode * 8 + static_cast<std::uint32_t>(digit - '0');
            resolved_.umask = mode;
        }
        for (const auto& [name, text] : privileges_.limits)
            if (auto limit = parse_limit(name, text)) resolved_.limits.push_back(*std::move(limit));
        resolved_.nice = base::parse_number<int>(privileges_.nice);
        resolved_.oom_score_adjust = base::parse_number<int>(privileges_.oom_score_adjust);
    }

    void resolve_capabilities() {
        if (is_good(".capability_bounding_set"))
            resolved_.bounding_set = capabilities_in(privileges_.capability_bounding_set);
        if (is_good(".ambient_capabilities")) resolved_.ambient = capabilities_in(privileges_.ambient_capabilities);
        if (!resolved_.bounding_set || !resolved_.ambient) return;
        if (const std::uint64_t outside = *resolved_.ambient & ~*resolved_.bounding_set)
            add(".ambient_capabilities",
                "has " + capability_names(outside) + ", which capability_bounding_set has not (change one of them)");
    }

    Privileges& privileges_;
    ResolvedPrivileges& resolved_;
    const std::string& path_;
    const Environment& environment_;
    Report& report_;
};

}  // namespace

void resolve_privileges(Agent& agent, const std::string& path, const Environment& environment, Report& report) {
    Resolver(agent, path, environment, report).resolve();
}

void resolve_cgroup(Agent& agent, const std::string& path, Report& report) {
    CgroupLimits& cgroup = agent.cgroup;
    const auto size = [](const std::string& text) {
        const auto bytes = base::parse_size(text);
        return bytes ? std::to_string(*bytes) : "max";
    };
    const auto set = [&](const char* file, const std::string& written, const std::string& value) {
        if (!written.empty()) cgroup.files[file] = value;
    };
    set("memory.max", cgroup.memory_max, size(cgroup.memory_max));
    set("memory.high", cgroup.memory_high, size(cgroup.memory_high));
    set("memory.swap.max", cgroup.memory_swap_max, size(cgroup.memory_swap_max));
    set("cpu.weight", cgroup.cpu_weight, cgroup.cpu_weight);
    // Of each tenth of a second, in microseconds.
    const auto percent = parse_cpu_share(cgroup.cpu_max);
    set("cpu.max", cgroup.cpu_max, (percent ? std::to_string(*percent * 1000) : "max") + " 100000");
    set("pids.max", cgroup.pids_max, cgroup.pids_max == "unlimited" ? "max" : cgroup.pids_max);
    set("io.weight", cgroup.io_weight, "default " + cgroup.io_weight);
    const std::string key = path + ".cgroup.enabled";
    if (report.has(key) && !report.failed(key) && !cgroup.enabled && !cgroup.files.empty())
        report.add(key, "is false, and there are limits beside it (remove one or the other)");
    if (!cgroup.files.empty()) cgroup.enabled = true;
}

void check_credentials(const Agent& agent, const std::string& path, Report& report) {
    const auto check = [&](const std::string& text, const std::string& key) {
        for (const std::string& name : credentials_in(text))
            if (!agent.provisions.credentials.contains(name) && !report.failed(path + ".credentials"))
                report.add(key,
                           "names the credential '" + name + "', which is not in " + path + ".credentials (add it)");
    };
    for (const std::string& arg : agent.args) check(arg, path + ".args");
    for (const auto& [name, value] : agent.env) check(value, path + ".env." + name);
    for (const auto& [key, command] : commands_of(agent))
        for (const std::string& arg : *command) check(arg, path + "." + key);
    if (report.has(path + ".credentials_delivery") && agent.provisions.credentials.empty() &&
        !report.has(path + ".credentials"))
        report.add(path + ".credentials_delivery", "has nothing to deliver (give agent.credentials, or remove it)");
}

}  // namespace settings
