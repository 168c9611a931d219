// The agent's custom capabilities: each message of the server is given to a program, and what it prints is the answer.
#pragma once

#include <deque>
#include <functional>
#include <string>
#include <vector>

#include "async/notice.hpp"
#include "base/log.hpp"
#include "opamp/messages.hpp"
#include "process/guard.hpp"
#include "settings/settings.hpp"
#include "supervisor/provision.hpp"

namespace supervisor {

/// One program at a time, in the order of the messages; what is too much is dropped, and said in the log.
///
/// Spec    "Custom Messages".
/// Ends    the owner cancels `run`, which kills the program that runs, and joins it.
class CustomMessages {
public:
    struct Options {
        async::asio::any_io_executor executor;
        process::Guard* guard = nullptr;
        /// Asked before each run: what a command of the agent is given, to which the message's variables are added.
        std::function<base::Result<Provision>()> provision;
        std::function<std::string()> instance_uid;
        /// Takes an answer for the server; false: it cannot be sent, and is dropped.
        std::function<bool(opamp::CustomMessage)> send;
    };
    CustomMessages(const settings::Agent& agent, Options options);

    /// What `ClientSession::set_custom_capabilities` is to be given.
    std::vector<std::string> capabilities() const;

    /// Never waits. A message of another capability is ignored.
    void take(opamp::CustomMessage message);
    /// Runs the programs until cancelled.
    async::Task<> run();

private:
    async::Task<> answer(const opamp::CustomMessage& message, const settings::CustomCapability& capability);
    void add_variables(std::vector<std::string>& environment, const opamp::CustomMessage& message) const;
    void send_all(std::vector<opamp::CustomMessage> answers, const opamp::CustomMessage& message);

    const settings::Agent& agent_;
    Options options_;
    base::log::Scope log_;
    std::deque<opamp::CustomMessage> waiting_;
    std::size_t waiting_bytes_ = 0;
    async::Notice arrived_;
};

}  // namespace supervisor
