#include <algorithm>
#include <utility>

#include "settings/checks.hpp"
#include "settings/expand.hpp"
#include "settings/field.hpp"
#include "settings/load.hpp"
#include "settings/preset.hpp"
#include "settings/suggest.hpp"
#include "settings/validate.hpp"

namespace settings {
namespace {

/// In the state folder, beside the agents' folders.
constexpr std::string_view kLockFile = "lock", kSocketFile = "control.sock";

/// The map that is being read: its key in the file, the same in the table of keys, and the agent,
/// capability and probe it belongs to.
struct Scope {
    std::string path;
    std::string table_path;
    Agent& agent;
    CustomCapability& capability;
    Probe& probe;
};

class Parser {
public:
    Parser(const Environment& environment, Report& report, Settings& settings)
        : environment_(environment), report_(report), settings_(settings), presets_(environment, report) {}

    void read(Node root) {
        // Agents are read with their presets.
        std::stable_partition(root.entries.begin(), root.entries.end(),
                              [](const Entry& entry) { return entry.key.text == "presets"; });
        Agent no_agent;
        section(root, {"", "", no_agent, no_capability_, no_agent.health});
    }

    /// The key that each agent has in the file: "agent", "agents.web".
    const std::vector<std::string>& agent_paths() const { return agent_paths_; }

private:
    void section(const Node& node, const Scope& scope) {
        for (const Entry& entry : node.entries) {
            const std::string path = joined(scope.path, entry.key.text);
            report_.saw(path, entry.key.mark);
            read(entry, {path, joined(scope.table_path, entry.key.text), scope.agent, scope.capability, scope.probe},
                 scope);
        }
    }

    void read(const Entry& entry, const Scope& inner, const Scope& outer) {
        // A name with a dot would reach into a section from outside of it, and past the agent that it is meant for.
        if (entry.key.text.find('.') != std::string::npos)
            return refuse(entry, inner, outer, "(write the section, and its keys indented below it, without dots)");
        if (inner.table_path == "agent") return agent(entry.value, inner.path, "agent");
        if (inner.table_path == "agents") return agents(entry.value);
        if (inner.table_path == "agent.custom_capabilities") return custom_capabilities(entry.value, inner);
        if (inner.table_path == "agent.health.probes") return probes(entry, inner, outer);
        if (const Key* key = find_key(inner.table_path)) return field(*key, entry.value, inner);
        if (!entry.key.text.empty() && !names_in(inner.table_path).empty()) {
            if (is_section(entry.value, inner.path)) section(entry.value, inner);
            return;
        }
        refuse(entry, inner, outer, remedy_for_unknown(outer.table_path, entry.key.text));
    }

    void refuse(const Entry& entry, const Scope& inner, const Scope& outer, const std::string& remedy) {
        if (entry.key.expanded)
            report_.add(entry.key.mark, outer.path, "an expanded value has an unknown key " + remedy);
        else
            report_.add(entry.key.mark, inner.path, "is not a key of opampd " + remedy);
    }

    void field(const Key& key, const Node& node, const Scope& scope) {
        read_field(key, node,
                   {scope.path, {settings_, scope.agent, scope.capability, scope.probe}, environment_, report_});
        if (key.name == "agent.args") keep_as_written(scope.agent, node);
    }

    static void keep_as_written(Agent& agent, const Node& node) {
        if (node.kind == Node::Kind::null) return;  // the default stays
        if (node.kind == Node::Kind::scalar || node.expanded) agent.args_as_written = {node.written};
        for (const Node& item : node.items)
            if (!node.expanded) agent.args_as_written.push_back(item.written);
    }

    /// A section without keys is as good as none.
    bool is_section(const Node& node, const std::string& path) {
        if (node.kind == Node::Kind::map) return true;
        if (node.kind == Node::Kind::scalar || node.kind == Node::Kind::sequence)
            report_.add(path, "is not a map (write the keys of this section below it, indented)");
        return false;
    }

    void agents(const Node& node) {
        if (node.kind != Node::Kind::null && !is_section(node, "agents")) return;
        if (node.entries.empty())
            report_.add("agents", "has no agents (write NAME: below it, and an executable below that)");
        for (const Entry& entry : node.entries) {
            const std::string path = joined("agents", entry.key.text);
            report_.saw(path, entry.key.mark);
            if (!is_plain_name(entry.key.text))
                report_.add(
                    entry.key.mark, entry.key.expanded ? "agents" : path,
                    "is not a name for an agent (letters, digits, '.', '_' and '-', no dot in front, at most 64)");
            if (entry.key.text == kLockFile || entry.key.text == kSocketFile)
                report_.add(entry.key.mark, path,
                            "is the name of a file that opampd keeps beside the agents' folders (give another one)");
            agent(entry.value, path, entry.key.text);
        }
    }

    void agent(const Node& node, const std::string& path, const std::string& name) {
        if (node.kind != Node::Kind::null && !is_section(node, path)) return;
        Agent agent;
        agent.name = name;
        report_.saw_agent(path);
        section(presets_.over_preset(node, path, settings_.presets.directory, agent),
                {path, "agent", agent, no_capability_, agent.health});
        settings_.agents.push_back(std::move(agent));
        agent_paths_.push_back(path);
    }

    void custom_capabilities(const Node& node, const Scope& scope) {
        if (node.kind != Node::Kind::null && !is_section(node, scope.path)) return;
        for (const Entry& entry : node.entries) {
            const std::string& name = entry.key.text;
            const std::string path = entry.key.expanded ? scope.path : joined(scope.path, name);
            report_.saw(path, entry.key.mark);
            if (!is_capability_name(name))
                report_.add(entry.key.mark, path,
                            "is not a name for a custom capability (write a reverse domain name, a dot and a short "
                            "name, with /VERSION if need be: com.example.inventory/1.0)");
            CustomCapability& capability = scope.agent.custom_capabilities[name];
            if (entry.value.kind == Node::Kind::null || is_section(entry.value, path))
                section(entry.value, {path, scope.table_path, scope.agent, capability, scope.probe});
        }
    }

    void probes(const Entry& all, const Scope& scope, const Scope& outer) {
        if (&scope.probe != &scope.agent.health) return refuse(all, scope, outer, "(a probe has none below it)");
        if (all.value.kind != Node::Kind::null && !is_section(all.value, scope.path)) return;
        for (const Entry& entry : all.value.entries) {
            const std::string& name = entry.key.text;
            const std::string path = entry.key.expanded ? scope.path : joined(scope.path, name);
            report_.saw(path, entry.key.mark);
            if (!is_plain_name(name))
                report_.add(
                    entry.key.mark, path,
                    "is not a name for a probe (letters, digits, '.', '_' and '-', no dot in front, at most 64)");
            Probe& probe = scope.agent.health.probes[name];
            if (entry.value.kind == Node::Kind::null || is_section(entry.value, path))
                section(entry.value, {path, "agent.health", scope.agent, scope.capability, probe});
        }
    }

    const Environment& environment_;
    Report& report_;
    Settings& settings_;
    PresetReader presets_;
    CustomCapability no_capability_;
    std::vector<std::string> agent_paths_;
};

void parse_into(Settings& settings, std::string_view yaml, const Environment& environment, Report& report) {
    auto root = read_yaml(yaml, report);
    if (!root) return;
    if (root->kind == Node::Kind::null)
        return report.add("", "the file is empty (it needs at least server.endpoint and agent.executable)");
    if (root->kind != Node::Kind::map)
        return report.add(root->mark, "",
                          "the file is not a map (write the sections server: and agent:, with their keys below)");
    tidy(*root, "", report);
    expand(*root, "", environment, report);
    Parser parser(environment, report, settings);
    parser.read(*std::move(root));
    validate(settings, parser.agent_paths(), environment, report);
}

}  // namespace

Loaded parse(std::string_view yaml, const Environment& environment, const std::filesystem::path& file) {
    Loaded loaded;
    loaded.settings.file = file;
    Report report;
    parse_into(loaded.settings, yaml, environment, report);
    loaded.problems = report.take();
    return loaded;
}

base::Result<Loaded> load(const std::filesystem::path& file, const Environment& environment) {
    auto text = environment.read(file);
    if (!text) return std::move(text).error().hint("give the settings file with --config");
    return parse(*text, environment, file);
}

}  // namespace settings
