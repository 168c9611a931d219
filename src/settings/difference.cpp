#include "settings/difference.hpp"

#include <algorithm>
#include <set>
#include <type_traits>

#include "settings/keys.hpp"

namespace settings {
namespace {

constexpr std::string_view kAgent = "agent.";
constexpr std::string_view kCapability = "agent.custom_capabilities.";
constexpr std::string_view kHealth = "agent.health.";

bool is_same(const Key& key, Target before, Target after) {
    return std::visit(
        [&](auto access) {
            if constexpr (std::is_same_v<decltype(access), std::monostate>)
                return true;
            else
                return access(before) == access(after);
        },
        key.field);
}

/// What the key is called below `path`, which stands for the table's `section`.
std::string name_below(const std::string& path, std::string_view section, std::string_view key) {
    return path + "." + std::string(key.substr(section.size()));
}

class Comparison {
public:
    Comparison(Settings before, Settings after) : before_(std::move(before)), after_(std::move(after)) {}

    std::vector<std::string> keys() {
        for (const Key& key : settings::keys())
            if (!key.name.starts_with(kAgent))
                compare(key, std::string(key.name), {before_, none_, no_capability_, none_.health},
                        {after_, none_, no_capability_, none_.health});
        const bool is_one = before_.agents.size() == 1 && after_.agents.size() == 1;
        for (Agent& agent : before_.agents) {
            const std::string path = is_one ? "agent" : "agents." + agent.name;
            if (Agent* other = find(after_, agent.name))
                compare(path, agent, *other);
            else
                changed_.push_back("agents." + agent.name);
        }
        for (const Agent& agent : after_.agents)
            if (!find(before_, agent.name)) changed_.push_back("agents." + agent.name);
        return std::move(changed_);
    }

private:
    static Agent* find(Settings& settings, const std::string& name) {
        const auto found = std::ranges::find(settings.agents, name, &Agent::name);
        return found == settings.agents.end() ? nullptr : &*found;
    }

    void compare(const Key& key, std::string name, Target before, Target after) {
        if (!is_same(key, before, after)) changed_.push_back(std::move(name));
    }

    void compare(const std::string& path, Agent& before, Agent& after) {
        for (const Key& key : settings::keys()) {
            if (!key.name.starts_with(kAgent) || key.name.starts_with(kCapability)) continue;
            compare(key, name_below(path, kAgent, key.name), {before_, before, no_capability_, before.health},
                    {after_, after, no_capability_, after.health});
        }
        std::set<std::string> names, probes;
        for (const auto* agent : {&before, &after}) {
            for (const auto& [name, capability] : agent->custom_capabilities) names.insert(name);
            for (const auto& [name, probe] : agent->health.probes) probes.insert(name);
        }
        for (const std::string& name : names) compare(path + ".custom_capabilities." + name, name, before, after);
        for (const std::string& name : probes) compare_probe(path + ".health.probes." + name, name, before, after);
    }

    void compare_probe(const std::string& path, const std::string& probe, Agent& before, Agent& after) {
        const auto was = before.health.probes.find(probe);
        const auto is = after.health.probes.find(probe);
        if (was == before.health.probes.end() || is == after.health.probes.end()) {
            changed_.push_back(path);
            return;
        }
        for (const Key& key : settings::keys())
            if (key.name.starts_with(kHealth))
                compare(key, name_below(path, kHealth, key.name), {before_, before, no_capability_, was->second},
                        {after_, after, no_capability_, is->second});
    }

    void compare(const std::string& path, const std::string& capability, Agent& before, Agent& after) {
        const auto was = before.custom_capabilities.find(capability);
        const auto is = after.custom_capabilities.find(capability);
        if (was == before.custom_capabilities.end() || is == after.custom_capabilities.end()) {
            changed_.push_back(path);
            return;
        }
        for (const Key& key : settings::keys())
            if (key.name.starts_with(kCapability))
                compare(key, name_below(path, kCapability, key.name), {before_, before, was->second, before.health},
                        {after_, after, is->second, after.health});
    }

    Settings before_, after_;
    Agent none_;
    CustomCapability no_capability_;
    std::vector<std::string> changed_;
};

}  // namespace

std::vector<std::string> changed_keys(Settings before, Settings after) {
    return Comparison(std::move(before), std::move(after)).keys();
}

}  // namespace settings
