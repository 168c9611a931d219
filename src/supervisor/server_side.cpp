#include "supervisor/server_side.hpp"

#include "supervisor/components.hpp"
#include "supervisor/from_settings.hpp"
#include "supervisor/identity.hpp"

namespace supervisor {

using async::Task;
using namespace async;  // the awaitable operators

ServerSide::ServerSide(const Partners& partners, std::filesystem::path folder, base::log::Scope log)
    : partners_(partners),
      folder_(std::move(folder)),
      log_(std::move(log)),
      credentials_(credentials_options(partners.settings.server)),
      custom_messages_(partners.agent, custom_options()) {}

std::vector<std::string> ServerSide::environment() const {
    return agent_environment(partners_.agent, session_->instance_uid(), "");
}

CustomMessages::Options ServerSide::custom_options() {
    CustomMessages::Options options;
    options.executor = partners_.executor;
    options.guard = partners_.guard;
    options.environment = [this] { return environment(); };
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
    session_->set_custom_capabilities(custom_messages_.capabilities());
    const ConnectionSettings::Partners flow{partners_.disk, settings.server, *session_, log_};
    connection_settings_.emplace(partners_.executor, flow, folder_,
                                 settings.capabilities.accepts_opamp_connection_settings);
    auto client = connection_settings_->open(notes);
    if (!client) return std::move(client).error();
    Connection::Options options;
    options.target.client = std::move(*client);
    options.target.compresses = settings.server.compression == settings::Compression::gzip;
    options.reconnect = reconnect_policy(settings.server.reconnect);
    const Connection::Partners talk{*session_, *this, credentials_, *connection_settings_, partners_.readers};
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
    const auto variables = environment();
    auto components =
        co_await supervisor::load_components(partners_.executor, partners_.agent, variables, partners_.guard);
    if (!components) {
        log_.warning("components.load_failed", {{"error", components.error().text()}});
        co_return;
    }
    session_->set_available_components(*components);
}

void ServerSide::take(opamp::Orders orders) {
    if (orders.connection_settings) connection_settings_->take(std::move(*orders.connection_settings));
    if (orders.custom_message) custom_messages_.take(std::move(*orders.custom_message));
    partners_.orders.take(std::move(orders));
}

}  // namespace supervisor
