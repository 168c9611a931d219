#include "supervisor/control_answers.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "rules/admission.hpp"
#include "supervisor/log_answers.hpp"
#include "supervisor/telemetry_answers.hpp"

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

std::string count_text(std::size_t count, const std::string& what) {
    return std::to_string(count) + " " + what + (count == 1 ? "" : "s");
}

Answer done(const Request& request, std::string what) {
    Answer answer;
    answer.agent = request.agent;
    answer.done = std::move(what);
    return answer;
}

Result<Answer> set_sampler(AgentSupervisor& agent, const Request& request) {
    const auto sampler = telemetry::parse_sampler(request.sampler);
    if (!sampler) return sampler.error();
    agent.set_sampler(*sampler);
    Answer answer = done(request, "'" + agent.name() + "' has the sampler " + telemetry::to_text(*sampler) +
                                      " until the settings are read again");
    if (!agent.telemetry().pipeline().is_on(telemetry::Signal::traces))
        answer.note = "its traces go nowhere: neither the server nor the settings name a receiver";
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

/// One need not name the only one.
Result<AgentSupervisor*> ControlAnswers::find_for_logs(const std::string& name) const {
    if (!name.empty()) return find(name);
    if (agents_.size() == 1) return agents_.front().get();
    const auto none = find(name);
    return Error(Kind::invalid, "there are several agents").hint("name one of them: " + none.error().hint());
}

Task<> ControlAnswers::go_on(const Request& request, control::Stream& stream) {
    const auto agent = find_for_logs(request.agent);
    if (agent) co_await send_logs((*agent)->output(), request, log_readers_, stream);
}

Task<control::Agent> ControlAnswers::describe(const AgentSupervisor& agent) {
    const lifecycle::State& state = agent.state();
    const opamp::ComponentHealth& health = agent.health();
    const Redaction redaction = rules::redactor_of(agent.settings());
    control::Agent described;
    described.name = agent.name();
    described.phase = std::string(to_string(state.phase));
    described.held = state.held;
    described.healthy = health.healthy;
    described.reason = health.healthy ? "" : shown(health.last_error, redaction);
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
    described.output = agent.output().where();
    co_await disk_.run([&] {
        const config::RevisionStore& store = agent.keeper().revisions();
        const opamp::RemoteConfigStatus& status = store.status();
        described.remote_config.status = std::string(to_string(status.status));
        described.remote_config.hash = base::to_hex(status.hash);
        described.remote_config.error = shown(status.error_message, redaction);
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

Result<Answer> ControlAnswers::telemetry(const std::string& name) const {
    Answer answer;
    answer.telemetry.emplace();
    for (const auto& agent : agents_)
        if (name.empty() || agent->name() == name) answer.telemetry->push_back(describe_telemetry(*agent));
    return answer;
}

Answer ControlAnswers::reload() {
    base::log::info("operator.reload");
    SettingsReload reload = reload_();
    Answer answer;
    if (!reload.mistakes.empty()) {
        answer.failure = control::Failure{control::Kind::refused,
                                          "the settings file has " + count_text(reload.mistakes.size(), "mistake") +
                                              ": what was read before counts on",
                                          "correct it, and reload again"};
        answer.problems = std::move(reload.mistakes);
        return answer;
    }
    answer.done = "the section telemetry of the settings file counts as it is now";
    if (!reload.at_next_start.empty()) {
        for (const std::string& key : reload.at_next_start) answer.note += (answer.note.empty() ? "" : ", ") + key;
        answer.note.insert(0, "changed, and taking effect at the next start of opampd: ");
    }
    answer.at_next_start = std::move(reload.at_next_start);
    return answer;
}

Task<Result<Answer>> ControlAnswers::list_revisions(const AgentSupervisor& agent) {
    const Redaction redaction = rules::redactor_of(agent.settings());
    Answer answer;
    answer.agent = agent.name();
    answer.revisions = co_await disk_.run([&] { return history(agent.keeper().revisions(), redaction); });
    co_return answer;
}

/// `word`, or `otherwise` where it is empty.
Task<Result<Loaded>> ControlAnswers::load(const AgentSupervisor& agent, const std::string& word, const char* otherwise,
                                          bool remote) {
    const std::string main_name = agent.settings().config_path.filename().string();
    co_return co_await disk_.run([&] {
        return supervisor::load(agent.keeper().revisions(), word.empty() ? otherwise : word, remote, main_name);
    });
}

Task<Result<Answer>> ControlAnswers::show_revision(const AgentSupervisor& agent, const Request& request) {
    auto loaded = co_await load(agent, request.revision, "current", request.remote);
    if (!loaded) co_return std::move(loaded).error();
    const Redaction redaction = rules::redactor_of(agent.settings());
    Answer answer = co_await readers_.run([&] { return show(std::move(*loaded), redaction); });
    answer.agent = agent.name();
    co_return answer;
}

Task<Result<Answer>> ControlAnswers::compare_revisions(const AgentSupervisor& agent, const Request& request) {
    const auto from = co_await load(agent, request.revision, "previous", false);
    if (!from) co_return from.error();
    const auto to = co_await load(agent, request.against, "current", false);
    if (!to) co_return to.error();
    const Redaction redaction = rules::redactor_of(agent.settings());
    Answer answer = co_await readers_.run([&] { return diff(*from, *to, redaction); });
    answer.agent = agent.name();
    co_return answer;
}

Task<Result<Answer>> ControlAnswers::answer_for(AgentSupervisor& agent, const Request& request) {
    switch (request.command) {
    case Command::status:
    case Command::show:
    case Command::reload:
    case Command::logs: break;
    case Command::telemetry: co_return telemetry(request.agent);
    case Command::history: co_return co_await list_revisions(agent);
    case Command::config_show: co_return co_await show_revision(agent, request);
    case Command::config_diff: co_return co_await compare_revisions(agent, request);
    case Command::restart:
    case Command::stop:
    case Command::start:
    case Command::rollback:
    case Command::retry:
    case Command::sampler: co_return co_await obey(agent, request);
    }
    co_return co_await status(request.agent);
}

Task<Result<Answer>> ControlAnswers::obey(AgentSupervisor& agent, const Request& request) {
    const std::string name = "'" + agent.name() + "'";
    if (request.command == Command::rollback) co_return co_await roll_back(agent, request);
    if (request.command == Command::retry) co_return co_await retry(agent, request);
    if (request.command == Command::sampler) co_return set_sampler(agent, request);
    if (request.command == Command::stop) {
        agent.stop_agent();
        co_return done(request,
                       name + " is being stopped, and stays so until 'opampctl start' or the next start of opampd");
    }
    if (request.command == Command::start) {
        agent.start_agent();
        co_return done(request, name + " is being started, unless it runs");
    }
    agent.restart();
    co_return done(request, name + " is being restarted");
}

Task<Result<Answer>> ControlAnswers::roll_back(AgentSupervisor& agent, const Request& request) {
    std::optional<std::uint64_t> wanted;
    if (!request.revision.empty()) {
        const auto found =
            co_await disk_.run([&] { return find_revision(agent.keeper().revisions(), request.revision); });
        if (!found) co_return found.error();
        wanted = found->id;
    }
    const auto tried = co_await agent.roll_back(wanted);
    if (!tried) co_return tried.error();
    Answer answer = done(request, "'" + agent.name() + "' goes back to revision " + std::to_string(*tried));
    answer.revision = *tried;
    co_return answer;
}

Task<Result<Answer>> ControlAnswers::retry(AgentSupervisor& agent, const Request& request) {
    std::optional<std::string> hash;
    if (!request.hash.empty()) {
        auto found = co_await disk_.run([&] { return find_failed(agent.keeper().revisions(), request.hash); });
        if (!found) co_return std::move(found).error();
        hash = std::move(*found);
    }
    auto next = co_await agent.retry(std::move(hash));
    if (!next) co_return std::move(next).error();
    co_return done(request, "the config is " + *next);
}

Task<Answer> ControlAnswers::answer(Request request) {
    if (request.command == Command::reload) co_return reload();
    const bool is_of_all = request.agent.empty();
    Result<Answer> answer = Error(Kind::bug, "there is no answer");
    if (request.command == Command::logs) {
        const auto agent = find_for_logs(request.agent);
        answer = agent ? describe_logs(**agent) : Result<Answer>(agent.error());
    } else if (is_of_all && request.command == Command::status) {
        answer = co_await status("");
    } else if (is_of_all && request.command == Command::telemetry) {
        answer = telemetry("");
    } else if (const auto agent = find(request.agent)) {
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
