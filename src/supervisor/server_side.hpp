// All of one agent that faces the server: what is said, how it gets there, and what of the answers is none of the
// agent's process.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "async/blocking.hpp"
#include "base/log.hpp"
#include "opamp/client_session.hpp"
#include "settings/settings.hpp"
#include "supervisor/connection.hpp"
#include "supervisor/connection_settings.hpp"
#include "supervisor/credentials.hpp"
#include "supervisor/custom_messages.hpp"
#include "supervisor/provision.hpp"

namespace supervisor {

class ServerSide : private OrderTaker {
public:
    /// All outlive the object. `orders` gets what concerns the agent: configs, restarts, its identity.
    struct Partners {
        async::asio::any_io_executor executor;
        async::BlockingPool& disk;
        async::BlockingPool& readers;  ///< For what takes long, and changes nothing on the disk.
        const settings::Settings& settings;
        const settings::Agent& agent;
        OrderTaker& orders;
        AgentTelemetry& telemetry;
        process::Guard* guard = nullptr;
        /// The agent is to run with these; see OwnTelemetry.
        std::function<async::Task<base::Result<void>>(OwnTelemetryOffers)> give_to_agent;
    };
    ServerSide(const Partners& partners, std::filesystem::path folder, base::log::Scope log);

    /// Errors: invalid (the settings of the connection). `notes`: what was wrong on disk.
    base::Result<void> open(const base::Uuid& uid, std::vector<std::string>& notes);

    /// What the server is to know: set it, then `wake`.
    opamp::ClientSession& session() { return *session_; }
    void wake() { connection_->wake(); }
    const Connection& connection() const { return *connection_; }
    /// The server has given the agent another UID.
    void take_identity(const base::Uuid& uid);

    /// Talks to the server until `say_goodbye`.
    async::Task<> run();
    void say_goodbye() { connection_->say_goodbye(); }

private:
    void take(opamp::Orders orders, const Received& received) override;
    /// Whether the message is for opampd itself.
    bool take_for_us(const opamp::CustomMessage& message, Received& received);
    async::Task<> load_components();
    async::Task<> connect();
    base::Result<Provision> provision() const;
    CustomMessages::Options custom_options();

    const Partners partners_;
    const std::filesystem::path folder_;
    base::log::Scope log_;
    std::optional<opamp::ClientSession> session_;
    Credentials credentials_;
    OwnTelemetry own_telemetry_;
    std::optional<ConnectionSettings> connection_settings_;
    std::optional<Connection> connection_;
    CustomMessages custom_messages_;
};

}  // namespace supervisor
