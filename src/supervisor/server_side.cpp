#include "supervisor/server_side.hpp"

#include "supervisor/components.hpp"
#include "supervisor/from_settings.hpp"
#include "supervisor/telemetry_messages.hpp"

namespace supervisor {

using async::Task;
using namespace async;  // the awaitable operators

ServerSide::ServerSide(const Partners& partners, std::filesystem::path folder, base::log::Scope log)
    : partners_(partners),
      folder_(std::move(folder)),
      log_(std::move(log)),
      credentials_(credentials_options(partners.settings.server)),
      own_telemetry_({partners.settings, partners.telemetry, log_, partners.give_to_agent}),
      custom_messages_(partners.agent, custom_options()) {}

base::Result<Provision> ServerSide::provision() const {
    return provide(partners_.agent, session_->instance_uid(), "", For::command);
}

CustomMessages::Options ServerSide::custom_options() {
    CustomMessages::Options options;
    options.executor = partners_.executor;
    options.guard = partners_.guard;
    options.provision = [this] { return provision(); };
    options.instance_uid = [this] { return session_->instance_uid().text(); };
    options.send = [this](opamp::CustomMessage message) {
        const bool is_taken = session_->send(std::move(message));
        wake();
        return is_taken;
    };
    return options;
}

base::Result<void> ServerSide::open(const base::Uuid& uid, std::vector<std::string>& notes) {
    const settings::Settings& settings = partners_.settings;
    session_.emplace(session_options(settings, partners_.agent, uid));
    auto capabilities = custom_messages_.capabilities();
    capabilities.emplace_back(kTelemetryCapability);
    session_->set_custom_capabilities(capabilities);
    const ConnectionSettings::Partners flow{
        partners_.disk, settings.server, *session_, own_telemetry_, partners_.telemetry.tracer(), log_};
    const settings::Capabilities& may = settings.capabilities;
    const bool takes_destinations = may.reports_own_traces || may.reports_own_metrics || may.reports_own_logs;
    connection_settings_.emplace(
        partners_.executor, flow, folder_,
        ConnectionSettings::Enabled{may.accepts_opamp_connection_settings, takes_destinations});
    auto client = connection_settings_->open(notes);
    if (!client) return std::move(client).error();
    Connection::Options options;
    options.target.client = std::move(*client);
    options.target.compresses = settings.server.compression == settings::Compression::gzip;
    options.reconnect = reconnect_policy(settings.server.reconnect);
    const Connection::Partners talk{*session_,          *this, credentials_, *connection_settings_, partners_.readers,
                                    partners_.telemetry};
    connection_.emplace(partners_.executor, std::move(options), talk, log_);
    return {};
}

void ServerSide::take_identity(const base::Uuid& uid) {
    session_->set_instance_uid(uid);
    connection_settings_->identity_changed();
}

Task<> ServerSide::run() {
    ConnectionSettings::Orders orders;
    orders.change = [this](net::ClientOptions client) { connection_->change(std::move(client)); };
    orders.wake = [this] { connection_->wake(); };
    co_await (connect() || connection_settings_->run(std::move(orders)) || custom_messages_.run());
}

/// The first report has the hash of the components, where there are any: they are asked for before it. Spec: "Initial
/// Handshake". The agent does not wait for that.
Task<> ServerSide::connect() {
    co_await load_components();
    co_await connection_->run();
}

Task<> ServerSide::load_components() {
    if (partners_.agent.available_components.command.empty()) co_return;
    const auto failed = [this](const base::Error& error) {
        log_.warning("components.load_failed", {{"error", error.text()}});
    };
    const auto given = provision();
    if (!given) co_return failed(given.error());
    const std::string uid = session_->instance_uid().text();
    auto components =
        co_await supervisor::load_components(partners_.executor, partners_.agent, uid, *given, partners_.guard);
    if (!components) co_return failed(components.error());
    session_->set_available_components(*components);
}

bool ServerSide::take_for_us(const opamp::CustomMessage& message, Received& received) {
    if (message.capability != kTelemetryCapability) return false;
    if (message.type == kTraceContext) received.carrier = parse_trace_context(message.data);
    if (message.type != kSampler) return true;
    const auto sampler = telemetry::parse_sampler(message.data);
    telemetry::Tracer& tracer = partners_.telemetry.tracer();
    if (sampler) {
        tracer.set_sampler(*sampler);
        log_.info("sampler.changed", {{"sampler", telemetry::to_text(*sampler)}});
    }
    session_->send({message.capability, message.type,
                    sampler ? telemetry::to_text(tracer.sampler()) : "error: " + sampler.error().text()});
    return true;
}

void ServerSide::take(opamp::Orders orders, const Received& received) {
    Received known = received;
    if (orders.custom_message && !take_for_us(*orders.custom_message, known))
        custom_messages_.take(std::move(*orders.custom_message));
    if (orders.connection_settings) connection_settings_->take(std::move(*orders.connection_settings));
    partners_.orders.take(std::move(orders), known);
}

}  // namespace supervisor
