#include "supervisor/custom_messages.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "process/run_command.hpp"
#include "supervisor/custom_answers.hpp"
#include "supervisor/from_settings.hpp"

namespace supervisor {
namespace {

constexpr std::size_t kMostWaiting = 16;
constexpr std::size_t kMostWaitingBytes = 16u << 20;
constexpr std::size_t kShownType = 100;

std::size_t size_of(const opamp::CustomMessage& message) {
    return message.type.size() + message.data.size();  // the capability is one of the settings
}

void set_variable(std::vector<std::string>& environment, const std::string& name, const std::string& value) {
    const std::string start = name + "=";
    std::erase_if(environment, [&](const std::string& variable) { return variable.starts_with(start); });
    environment.push_back(start + value);
}

base::log::Fields subject(const opamp::CustomMessage& message) {
    return {{"capability", base::shortened(message.capability, kShownType)},
            {"type", base::shortened(message.type, kShownType)}};
}

base::log::Fields with(base::log::Fields fields, base::log::Field field) {
    fields.push_back(std::move(field));
    return fields;
}

}  // namespace

CustomMessages::CustomMessages(const settings::Agent& agent, Options options)
    : agent_(agent), options_(std::move(options)), log_({{"agent", agent.name}}), arrived_(options_.executor) {}

std::vector<std::string> CustomMessages::capabilities() const {
    std::vector<std::string> names;
    for (const auto& [name, capability] : agent_.custom_capabilities) names.push_back(name);
    return names;
}

void CustomMessages::take(opamp::CustomMessage message) {
    const bool is_known = agent_.custom_capabilities.contains(message.capability);
    // A variable cannot hold a NUL; no type has one in earnest.
    if (!is_known || message.type.find('\0') != std::string::npos)
        return log_.debug("custom_message.ignored", subject(message));
    const std::size_t bytes = size_of(message);
    const bool is_too_much = !waiting_.empty() && waiting_bytes_ + bytes > kMostWaitingBytes;
    if (waiting_.size() >= kMostWaiting || is_too_much)
        return log_.warning("custom_message.dropped", with(subject(message), {"waiting", waiting_.size()}));
    waiting_bytes_ += bytes;
    waiting_.push_back(std::move(message));
    arrived_.raise();
}

async::Task<> CustomMessages::run() {
    for (;;) {
        co_await arrived_.raised();
        const bool is_ended = async::is_cancelled(co_await async::asio::this_coro::cancellation_state);
        if (is_ended) co_return;
        if (waiting_.empty()) {
            arrived_.clear();
            continue;
        }
        const opamp::CustomMessage message = std::move(waiting_.front());
        waiting_.pop_front();
        waiting_bytes_ -= size_of(message);
        co_await answer(message, agent_.custom_capabilities.at(message.capability));
    }
}

async::Task<> CustomMessages::answer(const opamp::CustomMessage& message,
                                     const settings::CustomCapability& capability) {
    const auto failed = [&](const std::string& why) {
        log_.warning("custom_message.failed", with(subject(message), {"error", why}));
    };
    const auto provision = options_.provision();
    if (!provision) co_return failed(provision.error().text());
    const settings::Command command{capability.command, capability.timeout};
    auto spec = command_spec(agent_, command, options_.instance_uid(), *provision);
    add_variables(spec.environment, message);
    spec.input = message.data;
    spec.most_output = capability.max_output;
    const auto result = co_await process::run_command(options_.executor, spec, options_.guard);
    if (!result && result.error().kind() == base::Kind::cancelled) co_return;
    if (!result) co_return failed(result.error().text());
    if (!result->succeeded()) co_return failed(describe_failure(*result));
    auto answers = answers_in(result->output, message);
    if (!answers) co_return failed(answers.error().text());
    send_all(*std::move(answers), message);
}

void CustomMessages::add_variables(std::vector<std::string>& environment, const opamp::CustomMessage& message) const {
    set_variable(environment, "OPAMP_CUSTOM_CAPABILITY", message.capability);
    set_variable(environment, "OPAMP_CUSTOM_TYPE", message.type);
    set_variable(environment, "OPAMP_INSTANCE_UID", options_.instance_uid());
    set_variable(environment, "OPAMP_AGENT_NAME", agent_.name);
}

void CustomMessages::send_all(std::vector<opamp::CustomMessage> answers, const opamp::CustomMessage& message) {
    std::size_t lost = 0;
    for (opamp::CustomMessage& answer : answers)
        if (!options_.send(std::move(answer))) ++lost;
    log_.debug("custom_message.answered", with(subject(message), {"answers", answers.size()}));
    if (lost > 0) log_.warning("custom_message.not_sent", with(subject(message), {"answers", lost}));
}

}  // namespace supervisor
