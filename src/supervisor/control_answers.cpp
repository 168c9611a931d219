#include "supervisor/control_answers.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "supervisor/revision_answers.hpp"

namespace supervisor {

using async::Task;
using base::Error;
using base::Kind;
using base::Result;
using control::Answer;
using control::Command;
using control::Request;

namespace {

control::Server server_of(const Connection& connection) {
    control::Server server;
    server.endpoint = connection.client().url.authority();
    server.connected = connection.connected_unix_nano() != 0;
    server.since = base::time_text(connection.connected_unix_nano());
    server.error = connection.trouble();
    return server;
}

Answer done(const Request& request, std::string what) {
    Answer answer;
    answer.agent = request.agent;
    answer.done = std::move(what);
    return answer;
}

}  // namespace

Result<AgentSupervisor*> ControlAnswers::find(const std::string& name) const {
    const auto found = std::find_if(agents_.begin(), agents_.end(), [&](auto& agent) { return agent->name() == name; });
    if (found != agents_.end()) return found->get();
    std::string names;
    for (const auto& agent : agents_) names += (names.empty() ? "" : ", ") + agent->name();
    return Error(Kind::not_found, "there is no agent '" + base::shortened(name, 80) + "'").hint("there is " + names);
}

Task<control::Agent> ControlAnswers::describe(const AgentSupervisor& agent) {
    const lifecycle::State& state = agent.state();
    const opamp::ComponentHealth& health = agent.health();
    control::Agent described;
    described.name = agent.name();
    described.phase = std::string(to_string(state.phase));
    described.healthy = health.healthy;
    described.reason = health.healthy ? "" : redactor_.redact(health.last_error);
    described.pid = agent.pid();
    described.started_at = base::time_text(health.start_time_unix_nano);
    described.instance_uid = agent.uid().text();
    described.current = state.current.id;
    described.last_good = state.last_good.id;
    described.trial = state.trial;
    described.server = server_of(agent.connection());
    described.executable = agent.settings().executable.string();
    described.config_path = agent.settings().config_path.string();
    described.state_folder = agent.folder().string();
    co_await disk_.run([&] {
        const config::RevisionStore& store = agent.keeper().revisions();
        const opamp::RemoteConfigStatus& status = store.status();
        described.remote_config.status = std::string(to_string(status.status));
        described.remote_config.hash = base::to_hex(status.hash);
        described.remote_config.error = redactor_.redact(status.error_message);
        if (const auto* current = store.find(described.current)) described.config_hash = base::to_hex(current->hash);
        return true;
    });
    co_return described;
}

Task<Result<Answer>> ControlAnswers::status(const std::string& name) {
    const auto wanted = name.empty() ? Result<AgentSupervisor*>(nullptr) : find(name);
    if (!wanted) co_return wanted.error();
    Answer answer;
    answer.agents.emplace();
    for (const auto& agent : agents_)
        if (!*wanted || *wanted == agent.get()) answer.agents->push_back(co_await describe(*agent));
    co_return answer;
}

Task<Result<Answer>> ControlAnswers::look_at_revisions(const AgentSupervisor& agent, const Request& request) {
    const std::string main_name = agent.settings().config_path.filename().string();
    co_return co_await disk_.run([&]() -> Result<Answer> {
        const config::RevisionStore& store = agent.keeper().revisions();
        if (request.command == Command::config_show) return show(store, request, main_name, redactor_);
        if (request.command == Command::config_diff) return diff(store, request, main_name, redactor_);
        Answer answer;
        answer.agent = agent.name();
        answer.revisions = history(store, redactor_);
        return answer;
    });
}

Task<Result<Answer>> ControlAnswers::answer_for(AgentSupervisor& agent, const Request& request) {
    switch (request.command) {
    case Command::status:
    case Command::show: break;
    case Command::history:
    case Command::config_show:
    case Command::config_diff: co_return co_await look_at_revisions(agent, request);
    case Command::restart: agent.restart(); co_return done(request, "'" + agent.name() + "' is being restarted");
    }
    co_return co_await status(request.agent);
}

Task<Answer> ControlAnswers::answer(Request request) {
    const bool changes_something = request.command == Command::restart;
    const bool is_of_all = request.command == Command::status && request.agent.empty();
    Result<Answer> answer = Error(Kind::bug, "there is no answer");
    if (is_of_all) {
        answer = co_await status("");
    } else if (const auto agent = find(request.agent)) {
        if (changes_something)
            base::log::info("control.received", {{"agent", request.agent}, {"command", to_string(request.command)}});
        answer = co_await answer_for(**agent, request);
    } else {
        answer = agent.error();
    }
    if (answer) co_return std::move(*answer);
    Answer failure;
    failure.failure = control::as_failure(answer.error());
    co_return failure;
}

}  // namespace supervisor
