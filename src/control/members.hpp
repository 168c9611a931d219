// The names of the members and values that the messages have in JSON: one list a type, for the writer and for the
// reader.
#pragma once

#include <algorithm>
#include <iterator>
#include <string_view>
#include <type_traits>

#include "control/messages.hpp"

namespace control {

template <typename Enum>
struct Name {
    Enum value;
    std::string_view name;
};

inline constexpr Name<Command> kCommands[] = {
    {Command::status, "status"},
    {Command::show, "show"},
    {Command::restart, "restart"},
    {Command::stop, "stop"},
    {Command::start, "start"},
    {Command::history, "config_history"},
    {Command::config_show, "config_show"},
    {Command::config_diff, "config_diff"},
    {Command::rollback, "config_rollback"},
    {Command::retry, "config_retry"},
    {Command::reload, "reload"},
    {Command::telemetry, "telemetry"},
    {Command::sampler, "telemetry_sampler"},
    {Command::logs, "logs"},
};
inline constexpr Name<Kind> kKinds[] = {
    {Kind::failed, "failed"},
    {Kind::invalid, "invalid"},
    {Kind::not_found, "not_found"},
    {Kind::refused, "refused"},
};
inline constexpr const auto& names_of(Command) {
    return kCommands;
}
inline constexpr const auto& names_of(Kind) {
    return kKinds;
}
template <typename Enum>
std::string_view name_of(Enum value) {
    const auto& names = names_of(value);
    return std::find_if(std::begin(names), std::end(names), [=](auto& name) { return name.value == value; })->name;
}

// One list of members a type, for the writer and for the reader.

template <typename Visitor, typename T>
void members(Visitor& v, T& request) requires std::is_same_v<std::remove_const_t<T>, Request> {
    v("command", request.command);
    v("agent", request.agent);
    v("revision", request.revision);
    v("against", request.against);
    v("hash", request.hash);
    v("remote", request.remote);
    v("sampler", request.sampler);
    v("lines", request.lines);
    v.unless_empty("follow", request.follow);
}
template <typename Visitor, typename T>
void members(Visitor& v, T& config) requires std::is_same_v<std::remove_const_t<T>, RemoteConfig> {
    v("status", config.status);
    v("hash", config.hash);
    v("error", config.error);
}
template <typename Visitor, typename T>
void members(Visitor& v, T& server) requires std::is_same_v<std::remove_const_t<T>, Server> {
    v("endpoint", server.endpoint);
    v("connected", server.connected);
    v("since", server.since);
    v("error", server.error);
}
template <typename Visitor, typename T>
void members(Visitor& v, T& agent) requires std::is_same_v<std::remove_const_t<T>, Agent> {
    v("name", agent.name);
    v("phase", agent.phase);
    v("held", agent.held);
    v("healthy", agent.healthy);
    v("reason", agent.reason);
    v("pid", agent.pid);
    v("started_at", agent.started_at);
    v("instance_uid", agent.instance_uid);
    v("current", agent.current);
    v("last_good", agent.last_good);
    v("trial", agent.trial);
    v("config_hash", agent.config_hash);
    v("remote_config", agent.remote_config);
    v("server", agent.server);
    v("executable", agent.executable);
    v("config_path", agent.config_path);
    v("state_folder", agent.state_folder);
    v("output", agent.output);
}
template <typename Visitor, typename T>
void members(Visitor& v, T& revision) requires std::is_same_v<std::remove_const_t<T>, Revision> {
    v("id", revision.id);
    v("origin", revision.origin);
    v("created_at", revision.created_at);
    v("hash", revision.hash);
    v("remote_hash", revision.remote_hash);
    v("outcome", revision.outcome);
    v("outcome_at", revision.outcome_at);
    v("reason", revision.reason);
    v("current", revision.current);
    v("last_good", revision.last_good);
}
template <typename Visitor, typename T>
void members(Visitor& v, T& file) requires std::is_same_v<std::remove_const_t<T>, File> {
    v("name", file.name);
    v("content_type", file.content_type);
    v("body", file.body);
}
template <typename Visitor, typename T>
void members(Visitor& v, T& signal) requires std::is_same_v<std::remove_const_t<T>, SignalExport> {
    v("signal", signal.signal);
    v("endpoint", signal.endpoint);
    v("origin", signal.origin);
    v("exported", signal.exported);
    v("rejected", signal.rejected);
    v("given_up", signal.given_up);
    v("dropped", signal.dropped);
    v("waiting", signal.waiting);
    v("failing", signal.failing);
    v("trouble", signal.trouble);
    v("trouble_at", signal.trouble_at);
}
template <typename Visitor, typename T>
void members(Visitor& v, T& telemetry) requires std::is_same_v<std::remove_const_t<T>, Telemetry> {
    v("agent", telemetry.agent);
    v("sampler", telemetry.sampler);
    v("sampler_of_settings", telemetry.sampler_of_settings);
    v("signals", telemetry.signals);
}
template <typename Visitor, typename T>
void members(Visitor& v, T& health) requires std::is_same_v<std::remove_const_t<T>, AgentHealth> {
    v("name", health.name);
    v("phase", health.phase);
    v("healthy", health.healthy);
    v("reason", health.reason);
}
template <typename Visitor, typename T>
void members(Visitor& v, T& health) requires std::is_same_v<std::remove_const_t<T>, Health> {
    v("healthy", health.healthy);
    v("agents", health.agents);
}
template <typename Visitor, typename T>
void members(Visitor& v, T& failure) requires std::is_same_v<std::remove_const_t<T>, Failure> {
    v("kind", failure.kind);
    v("message", failure.message);
    v("hint", failure.hint);
}
template <typename Visitor, typename T>
void members(Visitor& v, T& answer) requires std::is_same_v<std::remove_const_t<T>, Answer> {
    v("error", answer.failure);
    v("agents", answer.agents);
    v("revisions", answer.revisions);
    v("files", answer.files);
    v("diff", answer.diff);
    v("telemetry", answer.telemetry);
    v("problems", answer.problems);
    v("at_next_start", answer.at_next_start);
    v("done", answer.done);
    v.unless_empty("agent", answer.agent);
    v.unless_empty("revision", answer.revision);
    v.unless_empty("against", answer.against);
    v.unless_empty("note", answer.note);
}

}  // namespace control
