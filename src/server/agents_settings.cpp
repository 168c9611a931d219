// Connection settings of agents: what is set, the certificates they ask for, and the credentials they were offered.
#include "base/bytes.hpp"
#include "base/log.hpp"
#include "net/http.hpp"
#include "server/agents.hpp"
#include "server/authentication.hpp"

namespace server {
namespace {

namespace log = base::log;
using base::Error;
using base::Kind;

constexpr std::uint64_t kHeartbeatSeconds = 30;  ///< What the specification recommends; 0 would end the heartbeats.

constexpr std::string_view kTelemetryCapability = "io.opampd.telemetry";
constexpr const char* kSamplerType = "sampler";
constexpr std::size_t kMostAnswerBytes = 1024;

/// The digest of the Authorization in the offered headers; empty without one.
std::string credential_in(const opamp::ConnectionSettingsOffers& offers) {
    if (!offers.opamp || !offers.opamp->headers) return {};
    for (const auto& [name, value] : *offers.opamp->headers)
        if (net::is_same_token(name, "Authorization")) return credential_of(value);
    return {};
}

/// The old one stays until the new one was used; a new one that never was is forgotten instead.
OfferedCredential replaced(const OfferedCredential& before, const std::string& offered) {
    if (offered.empty() || offered == before.current) return before;
    return {offered, before.is_used ? before.current : before.previous, false};
}

bool is_issued(const std::optional<opamp::OpampConnectionSettings>& settings) {
    return settings && settings->certificate && settings->certificate->private_key.empty();
}

}  // namespace

void Agents::set_authority(const net::CertificateAuthority* authority) {
    authority_ = authority;
    for (auto& [uid, agent] : agents_) prepare(*agent);
}

void Agents::set_own_telemetry(opamp::ConnectionSettingsOffers offers) {
    own_telemetry_ = std::move(offers);
    for (auto& [uid, agent] : agents_) prepare(*agent);
}

bool Agents::is_offered(const std::string& credential) const {
    bool is_known = false;
    for (const auto& [uid, agent] : agents_) {
        is_known = is_same_credential(agent->credential.current, credential) || is_known;
        is_known = is_same_credential(agent->credential.previous, credential) || is_known;
    }
    return is_known;
}

bool Agents::admits(const std::string& credential, const base::Uuid& instance_uid) const {
    const Agent* agent = find(instance_uid);
    return agent == nullptr || !agent->credential.is_used || is_same_credential(agent->credential.current, credential);
}

/// The first use of a credential ends the one before. Spec: "OpAMP Connection Setting Offer Flow".
void Agents::note_credential(Agent& agent, const AgentLink& link) {
    if (agent.credential.is_used || !is_same_credential(agent.credential.current, link.credential)) return;
    OfferedCredential used{agent.credential.current, {}, true};
    if (auto stored = store_.save_settings(agent.uid, agent.settings, used); !stored) {
        log::error("state.not_saved", {{"error", stored.error().text()}});
        return;
    }
    agent.credential = std::move(used);
    log::info("credential.used", {{"instance_uid", agent.uid.text()}});
}

opamp::Answer Agents::answer(Agent& agent, AgentLink& link, const opamp::AgentReport& report, Time now) {
    if (!report.csr) return agent.session.receive(report);
    if (auto issued = issue(agent, link, report, now); !issued) {
        log::warning("certificate.refused", {{"instance_uid", agent.uid.text()}, {"reason", issued.error().text()}});
        return agent.session.refuse(report, issued.error().text());
    }
    return agent.session.receive(report);
}

/// Makes the certificate asked for a part of the agent's settings, which are then offered. A copy of a request that was
/// granted is granted already.
base::Result<void> Agents::issue(Agent& agent, AgentLink& link, const opamp::AgentReport& report, Time now) {
    if (authority_ == nullptr) return Error(Kind::refused, "this server issues no certificates");
    const std::uint64_t capabilities =
        report.parts.capabilities != 0 ? report.parts.capabilities : agent.session.state().capabilities;
    if ((capabilities & opamp::kAcceptsOpampConnectionSettings) == 0)
        return Error(Kind::refused, "the agent does not accept OpAMP connection settings, which carry a certificate");
    auto certificate = authority_->issue(*report.csr, {report.instance_uid, agent.uid}, agent.uid, now);
    if (!certificate) return std::move(certificate).error();
    if (agent.session.is_resent(report) && agent.settings && is_issued(agent.settings->offers.opamp)) return {};

    SetSettings settings = agent.settings.value_or(SetSettings{});
    settings.set_at = now;
    if (!settings.offers.opamp) {
        if (link.endpoint.empty()) return Error(Kind::refused, "this server does not know the URL it is reached by");
        settings.offers.opamp.emplace();
        settings.offers.opamp->destination_endpoint = link.endpoint;
        settings.offers.opamp->heartbeat_interval_seconds = kHeartbeatSeconds;
    }
    settings.offers.opamp->certificate = opamp::TlsCertificate{std::move(*certificate), {}, authority_->certificate()};
    // The agent may be new: its row has to be there.
    if (auto saved = store_.save(agent.uid, agent.session.state(), {}, now); !saved) return saved;
    if (auto stored = store_settings(agent, std::move(settings)); !stored) return stored;
    log::info("certificate.issued", {{"instance_uid", agent.uid.text()}});
    return {};
}

base::Result<void> Agents::set_settings(const base::Uuid& uid, opamp::ConnectionSettingsOffers offers, Time now) {
    auto agent = known(uid);
    if (!agent) return std::move(agent).error();
    // Settings without a certificate would make the agent drop the one it was issued.
    if ((*agent)->settings && offers.opamp && !offers.opamp->certificate && is_issued((*agent)->settings->offers.opamp))
        offers.opamp->certificate = (*agent)->settings->offers.opamp->certificate;
    if (auto stored = store_settings(**agent, SetSettings{std::move(offers), now}); !stored) return stored;
    log::info("connection_settings.set", {{"instance_uid", uid.text()}});
    observer_.agent_changed(**agent);
    if ((*agent)->link != nullptr) (*agent)->link->wake(uid);
    return {};
}

base::Result<void> Agents::remove_settings(const base::Uuid& uid) {
    auto agent = known(uid);
    if (!agent) return std::move(agent).error();
    if (auto stored = store_settings(**agent, std::nullopt); !stored) return stored;
    log::info("connection_settings.removed", {{"instance_uid", uid.text()}});
    observer_.agent_changed(**agent);
    if ((*agent)->link != nullptr) (*agent)->link->wake(uid);
    return {};
}

base::Result<void> Agents::set_sampler(const base::Uuid& uid, std::string sampler) {
    auto agent = known(uid);
    if (!agent) return std::move(agent).error();
    if ((*agent)->link == nullptr) return not_connected(uid);
    opamp::CustomMessage message{std::string(kTelemetryCapability), kSamplerType, std::move(sampler)};
    if (auto asked = (*agent)->session.send(std::move(message)); !asked) return asked;
    (*agent)->sampler.reset();
    log::info("sampler.requested", {{"instance_uid", uid.text()}});
    observer_.agent_changed(**agent);
    (*agent)->link->wake(uid);
    return {};
}

/// Whether the report has a message that says something new.
bool Agents::take_message(Agent& agent, opamp::AgentReport& report, Time now) {
    if (!report.custom_message) return false;
    opamp::CustomMessage& message = *report.custom_message;
    if (message.capability != kTelemetryCapability || message.type != kSamplerType) return false;
    agent.sampler = SamplerAnswer{base::shortened(message.data, kMostAnswerBytes), now};
    return true;
}

/// Stored first: nothing is offered that a restarted server would not know.
base::Result<void> Agents::store_settings(Agent& agent, std::optional<SetSettings> settings) {
    const OfferedCredential credential =
        replaced(agent.credential, settings ? credential_in(settings->offers) : std::string());
    if (auto stored = store_.save_settings(agent.uid, settings, credential); !stored) return stored;
    agent.settings = std::move(settings);
    agent.credential = credential;
    offer_settings(agent);
    return {};
}

/// The agent's own settings, and the server's destinations for what has none.
void Agents::offer_settings(Agent& agent) {
    opamp::ConnectionSettingsOffers offers =
        agent.settings ? agent.settings->offers : opamp::ConnectionSettingsOffers();
    if (!offers.own_metrics) offers.own_metrics = own_telemetry_.own_metrics;
    if (!offers.own_traces) offers.own_traces = own_telemetry_.own_traces;
    if (!offers.own_logs) offers.own_logs = own_telemetry_.own_logs;
    agent.session.set_connection_settings(std::move(offers));
    agent.session.set_custom_capabilities({std::string(kTelemetryCapability)});
}

}  // namespace server
