#include "control/messages.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <iterator>
#include <type_traits>

#include "base/bytes.hpp"
#include "control/members.hpp"

namespace control {
namespace {

namespace json = boost::json;
using base::Error;

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
std::string to_json(const Health& health) {
    return json::serialize(Writer::value_of(health)) + "\n";
}

base::Result<Request> parse_request(std::string_view line) {
    return parse<Request>(line, Others::refused);
}
base::Result<Answer> parse_answer(std::string_view line) {
    return parse<Answer>(line, Others::passed_over);
}

}  // namespace control
