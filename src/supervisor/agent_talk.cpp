// What the server asks of one agent, and what it is told of it.
#include <utility>

#include "base/bytes.hpp"
#include "supervisor/agent_supervisor.hpp"
#include "supervisor/provision.hpp"

namespace supervisor {

using namespace async;
using lifecycle::Event;

namespace {

constexpr std::size_t kLongestHash = 256;

}  // namespace

void AgentSupervisor::take(opamp::Orders orders, const Received& received) {
    if (orders.new_instance_uid) take_identity(*orders.new_instance_uid);
    if (orders.restart) {
        log_.info("restart.received");
        post(lifecycle::RestartWanted{});
    }
    if (!orders.remote_config) return;
    opamp::RemoteConfig& offer = *orders.remote_config;
    if (!offer.hash.empty() && offer.hash == last_received_hash_) {
        log_.debug("config.repeated", {{"hash", base::short_hex(offer.hash)}});
        return;
    }
    log_.info("config.received", {{"hash", base::short_hex(offer.hash)}, {"entries", offer.files.size()}});
    last_received_hash_ = offer.hash;
    if (offer.hash.size() > kLongestHash) {
        // Not stored: what is remembered of configs has to stay small.
        const std::string reason = "the hash of the config has " + std::to_string(offer.hash.size()) +
                                   " bytes, and may have " + std::to_string(kLongestHash);
        log_.warning("config.failed", {{"hash", base::short_hex(offer.hash)}, {"error", reason}});
        server_.session().set_remote_config_status({offer.hash, opamp::ConfigStatus::failed, reason});
        server_.wake();
        return;
    }
    queue_offer(std::move(offer), received);
}

void AgentSupervisor::queue_offer(opamp::RemoteConfig offer, const Received& received) {
    // Of the older ones that are not taken up yet nothing will be heard.
    std::erase_if(inbox_, [](const Event& event) { return std::holds_alternative<lifecycle::Offered>(event); });
    const AgentTraces::Offer traced{offer.hash, offer.files.size(), received.at_unix_nano, received.carrier};
    const lifecycle::OfferId id = offers_.add(std::move(offer), state_);
    telemetry_.traces().offered(id, traced);
    post(lifecycle::Offered{id});
}

void AgentSupervisor::take_identity(const base::Uuid& uid) {
    if (uid == identity_.uid) return;
    if (auto stored = store_identity(folder_, uid); !stored) {
        log_.error("identity.store_failed", {{"error", stored.error().text()}});
        return;
    }
    log_.info("identity.changed", {{"from", identity_.uid.text()}, {"to", uid.text()}});
    identity_.uid = uid;
    server_.take_identity(uid);
    describe();
}

// ---- What it is told.

void AgentSupervisor::describe() {
    const auto description = describe_agent(agent_, identity_.uid, version_text_, facts_);
    server_.session().set_description(description);
    telemetry_.describe(description);
}

/// The first message says all of the machine; the agent does not wait for that.
Task<> AgentSupervisor::talk_to_server() {
    if (const auto& found = shared_.host.surroundings; found.valid()) {
        const bool is_found = found.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
        if (!is_found) co_await shared_.readers.run([&found] { return found.wait(), true; });
        Facts surroundings = found.get();
        facts_.merge(surroundings);
        describe();
    }
    co_await server_.run();
}

Task<> AgentSupervisor::find_out() {
    for (;;) {
        spawned_.clear();
        co_await find_version();
        co_await spawned_.raised();
        const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
        if (is_ended) co_return;
    }
}

/// Of a program that may be another one now.
Task<> AgentSupervisor::find_version() {
    const std::string remembered = version_.remembered();
    if (agent_.version.command.empty() || (!remembered.empty() && remembered == version_text_)) co_return;
    const auto provision = provide(agent_, identity_.uid, "", For::command);
    if (!provision) co_return log_.warning("agent.version_unknown", {{"error", provision.error().text()}});
    auto asked = co_await version_.ask(shared_.executor, identity_.uid.text(), *provision, shared_.guard);
    const bool is_ended = is_cancelled(co_await asio::this_coro::cancellation_state);
    if (is_ended) co_return;
    if (!asked) {
        log_.warning("agent.version_unknown", {{"error", asked.error().text()}});
        co_return;
    }
    const auto kept = co_await shared_.disk.run([this, &asked] { return version_.remember(*asked); });
    if (!kept) log_.warning("agent.version_unknown", {{"error", kept.error().text()}});
    if (*asked == version_text_) co_return;
    version_text_ = std::move(*asked);
    log_.info("agent.version", {{"version", version_text_}});
    describe();
    server_.wake();
}

std::string AgentSupervisor::status_text() const {
    if (state_.phase == lifecycle::Phase::down && state_.proven) return "stopped: no config";
    const std::string said = probes_.status();
    return std::string(to_string(state_.phase)) + (said.empty() ? "" : ": " + said);
}

void AgentSupervisor::report_health(bool healthy, const std::string& reason, opamp::Urgency urgency) {
    health_.healthy = healthy;
    health_.last_error = reason;
    health_.status_time_unix_nano = base::unix_nano_now();
    telemetry_.metrics().healthy(healthy);
    tell_health(urgency);
}

void AgentSupervisor::tell_health(opamp::Urgency urgency) {
    (void)probes_.checkup().take_changed();
    const std::string status = status_text();
    if (std::exchange(health_.status, status) != status) health_.status_time_unix_nano = base::unix_nano_now();
    health_.components = probes_.components(health_.start_time_unix_nano);
    server_.session().set_health(health_, urgency);
    server_.wake();
}

}  // namespace supervisor
