#include "server/agents.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/log.hpp"

namespace server {
namespace {

namespace log = base::log;

constexpr std::size_t kMostSteps = 16;

/// A store that fails costs what would be known after a restart, not what is known now.
void survive(const base::Result<void>& stored) {
    if (!stored) log::error("state.not_saved", {{"error", stored.error().text()}});
}

}  // namespace

base::Result<void> Agents::load() {
    auto stored = store_.load();
    if (!stored) return std::move(stored).error();
    for (KnownAgent& known_agent : *stored) {
        auto agent = std::make_unique<Agent>();
        agent->uid = known_agent.uid;
        agent->last_seen = known_agent.last_seen;
        agent->session = opamp::ServerSession(std::move(known_agent.state));
        if (known_agent.config) {
            agent->session.set_config(std::move(known_agent.config->config));
            agent->config_set_at = known_agent.config->set_at;
        }
        agent->settings = std::move(known_agent.settings);
        agent->credential = std::move(known_agent.credential);
        prepare(*agent);
        agent->retained_bytes = agent->reported_bytes();
        retained_bytes_ += agent->retained_bytes;
        agents_[agent->uid] = std::move(agent);
    }
    return {};
}

std::string Agents::receive(AgentLink& link, opamp::AgentReport report, std::uint64_t report_bytes, Time now) {
    const std::string wire_uid = report.instance_uid.bytes();
    if (!make_room(0, report_bytes)) return opamp::unavailable(wire_uid, "the server has no room for this report");
    const bool connects = !link.agents.contains(report.instance_uid);
    Agent* agent = agent_for(link, report, now);
    if (agent == nullptr) return opamp::unavailable(wire_uid, "the server has no room for another agent");

    components_.complete(report.parts.available_components);
    note_credential(*agent, link);
    opamp::Answer answer = this->answer(*agent, link, report, now);
    agent->last_seen = now;
    const bool has_told = take_message(*agent, report, now);
    note_withheld(*agent, &link);
    if (answer.changes.any() || connects) {
        retained_bytes_ -= agent->retained_bytes;
        agent->retained_bytes = agent->reported_bytes();
        retained_bytes_ += agent->retained_bytes;
        survive(store_.save(agent->uid, agent->session.state(), answer.changes, now));
    }
    const std::size_t steps = agent->steps.size();
    note_progress(*agent, now);
    if (report.is_goodbye) {
        link.agents.erase(report.instance_uid);
        disconnect(*agent, now);
    } else if (answer.changes.any() || agent->steps.size() != steps || connects || has_told) {
        observer_.agent_changed(*agent);
    } else {
        observer_.agent_seen(*agent);
    }
    return std::move(answer.message);
}

std::optional<std::string> Agents::next_push(const AgentLink& link, const base::Uuid& uid, Time now) {
    const auto found = agents_.find(uid);
    if (found == agents_.end() || found->second->link != &link) return std::nullopt;
    Agent& agent = *found->second;
    auto message = agent.session.next_push();
    note_withheld(agent, nullptr);
    const std::size_t steps = agent.steps.size();
    note_progress(agent, now);
    if (agent.steps.size() != steps) observer_.agent_changed(agent);
    return message;
}

void Agents::ended(AgentLink& link, Time now) {
    for (const auto& [wire_uid, uid] : link.agents)
        if (const auto found = agents_.find(uid); found != agents_.end() && found->second->link == &link)
            disconnect(*found->second, now);
    link.agents.clear();
}

Agent* Agents::rival(const AgentLink& link, const base::Uuid& instance_uid) {
    if (link.agents.contains(instance_uid)) return nullptr;
    const auto found = agents_.find(instance_uid);
    if (found == agents_.end() || found->second->link == nullptr || found->second->link == &link) return nullptr;
    return found->second.get();
}

void Agents::hand_over(AgentLink& from, AgentLink& to, Time now) {
    to.agents = std::exchange(from.agents, {});
    for (const auto& [wire_uid, uid] : to.agents) {
        const auto found = agents_.find(uid);
        if (found != agents_.end() && found->second->link == &from) connect(to, *found->second, now);
    }
}

void Agents::ask_sign_of_life(const base::Uuid& uid) {
    const auto found = agents_.find(uid);
    if (found == agents_.end() || found->second->link == nullptr) return;
    found->second->session.ask_full_state();
    found->second->link->wake(uid);
}

Agent* Agents::agent_for(AgentLink& link, const opamp::AgentReport& report, Time now) {
    const base::Uuid& wire_uid = report.instance_uid;
    if (const auto known_as = link.agents.find(wire_uid); known_as != link.agents.end()) {
        const auto found = agents_.find(known_as->second);
        const bool wants_another = report.wants_instance_uid && known_as->second == wire_uid;
        if (found != agents_.end() && found->second->link == &link && !wants_another) return found->second.get();
        if (found != agents_.end() && found->second->link == &link) disconnect(*found->second, now);
        link.agents.erase(known_as);
    }
    if (report.wants_instance_uid) return assigned_agent(link, wire_uid, now);
    if (rival(link, wire_uid) != nullptr) {
        log::warning("agent.duplicated", {{"instance_uid", wire_uid.text()}, {"peer", link.peer()}});
        return assigned_agent(link, wire_uid, now);
    }
    // An agent that begins to use its assigned uid leaves the other one behind.
    std::erase_if(link.agents, [&](const auto& entry) { return entry.second == wire_uid; });
    Agent* agent = find_or_add(wire_uid);
    if (agent == nullptr) return nullptr;
    link.agents[wire_uid] = wire_uid;
    if (agent->link != &link) connect(link, *agent, now);
    return agent;
}

/// A new agent for a peer that has no instance_uid of its own, or another's.
Agent* Agents::assigned_agent(AgentLink& link, const base::Uuid& wire_uid, Time now) {
    const base::Uuid uid = base::Uuid::v7(now);
    Agent* agent = find_or_add(uid);
    if (agent == nullptr) return nullptr;
    agent->session.assign_uid(uid);
    link.agents[wire_uid] = uid;
    connect(link, *agent, now);
    return agent;
}

Agent* Agents::find_or_add(const base::Uuid& uid) {
    if (const auto found = agents_.find(uid); found != agents_.end()) return found->second.get();
    if (!make_room(1, 0)) return nullptr;
    auto& agent = agents_[uid] = std::make_unique<Agent>();
    agent->uid = uid;
    prepare(*agent);
    return agent.get();
}

void Agents::connect(AgentLink& link, Agent& agent, Time now) {
    agent.link = &link;
    agent.connected_since = now;
    agent.session.connected(link.delivery);
    log::info("agent.connected", {{"instance_uid", agent.uid.text()}, {"peer", link.peer()}});
}

void Agents::disconnect(Agent& agent, Time now) {
    agent.link = nullptr;
    agent.connected_since.reset();
    agent.sampler.reset();  // it may come back with another one
    agent.session.disconnected();
    note_progress(agent, now);
    survive(store_.save_seen(agent.uid, agent.last_seen));
    log::info("agent.disconnected", {{"instance_uid", agent.uid.text()}, {"name", agent.name()}});
    observer_.agent_changed(agent);
}

base::Error Agents::not_connected(const base::Uuid& uid) {
    return base::Error(base::Kind::refused, "the agent " + uid.text() + " is not connected")
        .hint("it can be asked once it is");
}

base::Result<Agent*> Agents::known(const base::Uuid& uid) {
    const auto found = agents_.find(uid);
    if (found == agents_.end())
        return base::Error(base::Kind::not_found, "no agent has the instance_uid " + uid.text());
    return found->second.get();
}

const Agent* Agents::find(const base::Uuid& uid) const {
    const auto found = agents_.find(uid);
    return found == agents_.end() ? nullptr : found->second.get();
}

base::Result<void> Agents::set_config(const base::Uuid& uid, opamp::ConfigMap files, Time now) {
    auto agent = known(uid);
    if (!agent) return std::move(agent).error();
    if (!(*agent)->session.can(opamp::kAcceptsRemoteConfig))
        return base::Error(base::Kind::refused, "the agent does not accept a remote config");
    SetConfig config{{std::move(files), {}}, now};
    config.config.hash = opamp::config_hash(config.config.files);
    if (auto saved = store_.save_config(uid, config); !saved) return saved;

    log::info("config.set", {{"instance_uid", uid.text()},
                             {"hash", base::to_hex(config.config.hash)},
                             {"files", config.config.files.size()}});
    (*agent)->session.set_config(std::move(config.config));
    (*agent)->config_set_at = now;
    (*agent)->steps.clear();
    note_progress(**agent, now);
    observer_.agent_changed(**agent);
    if ((*agent)->link != nullptr) (*agent)->link->wake(uid);
    return {};
}

base::Result<void> Agents::remove_config(const base::Uuid& uid) {
    auto agent = known(uid);
    if (!agent) return std::move(agent).error();
    if (auto saved = store_.save_config(uid, std::nullopt); !saved) return saved;
    (*agent)->session.set_config(std::nullopt);
    (*agent)->config_set_at.reset();
    (*agent)->steps.clear();
    log::info("config.removed", {{"instance_uid", uid.text()}});
    observer_.agent_changed(**agent);
    return {};
}

base::Result<void> Agents::restart(const base::Uuid& uid) {
    auto agent = known(uid);
    if (!agent) return std::move(agent).error();
    if ((*agent)->link == nullptr) return not_connected(uid);
    if (auto asked = (*agent)->session.restart(); !asked) return asked;
    log::info("restart.requested", {{"instance_uid", uid.text()}});
    (*agent)->link->wake(uid);
    return {};
}

base::Result<void> Agents::forget(const base::Uuid& uid) {
    auto agent = known(uid);
    if (!agent) return std::move(agent).error();
    if ((*agent)->link != nullptr)
        return base::Error(base::Kind::refused, "the agent is connected, and can be forgotten once it is not");
    if (auto forgotten = store_.forget(uid); !forgotten) return forgotten;
    erase(uid);
    return {};
}

/// Whether that many more agents and bytes have a place, if need be that of agents which are not connected.
bool Agents::make_room(std::size_t agents, std::uint64_t bytes) {
    while (agents_.size() + agents > limits_.agents || retained_bytes_ + bytes > limits_.reported_bytes) {
        const auto dispensable = [](const Agent& agent) {
            return std::pair(agent.session.config().has_value(), agent.last_seen);
        };
        const Agent* oldest = nullptr;
        for (const auto& [uid, agent] : agents_)
            if (agent->link == nullptr && (oldest == nullptr || dispensable(*agent) < dispensable(*oldest)))
                oldest = agent.get();
        if (oldest == nullptr) return false;
        const base::Uuid uid = oldest->uid;
        survive(store_.forget(uid));
        erase(uid);
    }
    return true;
}

void Agents::note_progress(Agent& agent, Time now) {
    const opamp::ConfigProgress progress = agent.session.progress();
    if (progress == opamp::ConfigProgress::none || (!agent.steps.empty() && agent.steps.back().progress == progress))
        return;
    if (agent.steps.size() == kMostSteps)
        agent.steps.erase(agent.steps.begin() + 1);  // the first one is when it was set
    agent.steps.push_back({progress, now});
}

/// What was too large is said once for the log, and stays for the page.
void Agents::note_withheld(Agent& agent, AgentLink* link) {
    const auto bytes = agent.session.take_withheld_bytes();
    if (!bytes) return;
    agent.withheld_bytes = *bytes;
    if (link != nullptr) link->has_withheld = true;
    log::error("offer.withheld", {{"instance_uid", agent.uid.text()},
                                  {"bytes", *bytes},
                                  {"reason", "it is over the limit for messages that are sent"}});
    observer_.agent_changed(agent);
}

/// What every session has from the server's own settings.
void Agents::prepare(Agent& agent) {
    agent.session.set_send_limit(limits_.send_bytes);
    std::uint64_t capabilities = opamp::kServerCapabilities;
    if (authority_ != nullptr) capabilities |= opamp::kAcceptsConnectionSettingsRequest;
    agent.session.set_server_capabilities(capabilities);
    offer_settings(agent);
}

void Agents::erase(const base::Uuid& uid) {
    const auto found = agents_.find(uid);
    retained_bytes_ -= found->second->retained_bytes;
    agents_.erase(found);
    log::info("agent.forgotten", {{"instance_uid", uid.text()}});
    observer_.agent_forgotten(uid);
}

}  // namespace server
