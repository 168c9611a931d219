#include "control/messages.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <type_traits>

#include "base/bytes.hpp"

namespace control {
namespace {

namespace json = boost::json;
using base::Error;

template <typename Enum>
struct Name {
    Enum value;
    std::string_view name;
};

constexpr Name<Command> kCommands[] = {
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
};
constexpr Name<Kind> kKinds[] = {
    {Kind::failed, "failed"},
    {Kind::invalid, "invalid"},
    {Kind::not_found, "not_found"},
    {Kind::refused, "refused"},
};
constexpr const auto& names_of(Command) {
    return kCommands;
}
constexpr const auto& names_of(Kind) {
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
    v("done", answer.done);
    v.unless_empty("agent", answer.agent);
    v.unless_empty("revision", answer.revision);
    v.unless_empty("against", answer.against);
    v.unless_empty("note", answer.note);
}

class Writer {
public:
    template <typename T>
    static json::value value_of(const T& value) {
        if constexpr (std::is_same_v<T, std::string>) {
            return json::string(base::to_valid_utf8(value));
        } else if constexpr (std::is_arithmetic_v<T>) {
            return value;
        } else if constexpr (std::is_enum_v<T>) {
            return json::string(name_of(value));
        } else if constexpr (requires { value.begin(); }) {
            json::array array;
            for (const auto& item : value) array.push_back(value_of(item));
            return array;
        } else {
            Writer writer;
            members(writer, value);
            return std::move(writer.object_);
        }
    }
    template <typename T>
    void operator()(std::string_view name, const T& value) {
        object_[name] = value_of(value);
    }
    template <typename T>
    void operator()(std::string_view name, const std::optional<T>& value) {
        if (value) (*this)(name, *value);
    }
    template <typename T>
    void unless_empty(std::string_view name, const T& value) {
        if (value != T()) (*this)(name, value);
    }

private:
    json::object object_;
};

class Reader {
public:
    template <typename T>
    static void read(const json::value& from, std::string_view name, T& value, std::optional<Error>& error) {
        const auto complain = [&](std::string_view wanted) {
            if (!error) error.emplace(base::Kind::invalid, "'" + std::string(name) + "' is not " + std::string(wanted));
        };
        if constexpr (std::is_same_v<T, std::string>) {
            if (!from.is_string()) return complain("a text");
            value.assign(from.get_string().begin(), from.get_string().end());
        } else if constexpr (std::is_same_v<T, bool>) {
            if (!from.is_bool()) return complain("true or false");
            value = from.get_bool();
        } else if constexpr (std::is_arithmetic_v<T>) {
            boost::system::error_code code;
            value = from.to_number<T>(code);
            if (code) return complain("a whole number");
        } else if constexpr (std::is_enum_v<T>) {
            const auto& names = names_of(value);
            const auto found = std::find_if(std::begin(names), std::end(names),
                                            [&](auto& n) { return from.is_string() && from.get_string() == n.name; });
            if (found == std::end(names)) return complain("one that is known");
            value = found->value;
        } else if constexpr (requires { value.begin(); }) {
            if (!from.is_array()) return complain("a list");
            for (const json::value& item : from.get_array()) read(item, name, value.emplace_back(), error);
        } else {
            if (!from.is_object()) return complain("an object");
            Reader reader(from.get_object(), error);
            members(reader, value);
        }
    }

    Reader(const json::object& object, std::optional<Error>& error) : object_(object), error_(error) {}

    template <typename T>
    void operator()(std::string_view name, T& value) {
        if (const json::value* found = find(name)) read(*found, name, value, error_);
    }
    template <typename T>
    void operator()(std::string_view name, std::optional<T>& value) {
        if (const json::value* found = find(name)) read(*found, name, value.emplace(), error_);
    }
    template <typename T>
    void unless_empty(std::string_view name, T& value) {
        (*this)(name, value);
    }

    bool has_others() const { return known_ != object_.size(); }

private:
    const json::value* find(std::string_view name) {
        const json::value* found = object_.if_contains(name);
        known_ += found != nullptr;
        return found;
    }

    const json::object& object_;
    std::optional<Error>& error_;
    std::size_t known_ = 0;
};

enum class Others { refused, passed_over };

template <typename T>
base::Result<T> parse(std::string_view line, Others others) {
    boost::system::error_code code;
    const json::value value = json::parse(line, code);
    if (code || !value.is_object()) return Error(base::Kind::invalid, "not a JSON object");
    T result;
    std::optional<Error> error;
    Reader reader(value.get_object(), error);
    members(reader, result);
    if (error) return std::move(*error);
    if (others == Others::refused && reader.has_others())
        return Error(base::Kind::invalid, "a member that is not known").hint("use an opampctl of opampd's version");
    return result;
}

}  // namespace

Failure as_failure(const base::Error& error) {
    const auto kind = [&] {
        switch (error.kind()) {
        case base::Kind::invalid: return Kind::invalid;
        case base::Kind::not_found: return Kind::not_found;
        case base::Kind::refused: return Kind::refused;
        case base::Kind::io:
        case base::Kind::timeout:
        case base::Kind::too_large:
        case base::Kind::cancelled:
        case base::Kind::bug: return Kind::failed;
        }
        return Kind::failed;
    };
    return {kind(), error.message(), error.hint()};
}

std::string_view to_string(Command command) {
    return name_of(command);
}

std::string to_json(const Request& request) {
    return json::serialize(Writer::value_of(request)) + "\n";
}
std::string to_json(const Answer& answer) {
    return json::serialize(Writer::value_of(answer)) + "\n";
}

base::Result<Request> parse_request(std::string_view line) {
    return parse<Request>(line, Others::refused);
}
base::Result<Answer> parse_answer(std::string_view line) {
    return parse<Answer>(line, Others::passed_over);
}

}  // namespace control
