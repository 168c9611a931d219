#include "supervisor/components.hpp"

#include "base/bytes.hpp"
#include "config/yaml.hpp"
#include "process/run_command.hpp"
#include "supervisor/from_settings.hpp"

namespace supervisor {
namespace {

using base::Error;
using base::Kind;
using base::Result;
using config::yaml::Value;

constexpr std::size_t kMostOutput = 4u << 20;
constexpr std::size_t kMostComponents = 10'000;
constexpr int kDeepest = 32;
constexpr std::size_t kShownName = 80;

bool is_text(const Value& value) {
    return value.kind == Value::Kind::plain || value.kind == Value::Kind::quoted;
}

class Reader {
public:
    Result<opamp::Components> components(const Value& map, int depth) {
        opamp::Components components;
        if (map.kind == Value::Kind::null) return components;
        if (map.kind != Value::Kind::map) return Error(Kind::invalid, "is not a map from names to components");
        if (depth > kDeepest) return Error(Kind::too_large, "is deeper than " + std::to_string(kDeepest) + " levels");
        for (const auto& [id, value] : map.entries) {
            if (++count_ > kMostComponents)
                return Error(Kind::too_large, "has more than " + std::to_string(kMostComponents) + " components");
            if (id.text.empty()) return Error(Kind::invalid, "has a component without a name");
            auto one = component(value, depth);
            if (!one) return std::move(one).error().within("'" + base::shortened(id.text, kShownName) + "'");
            components.emplace(base::to_valid_utf8(id.text), *std::move(one));
        }
        return components;
    }

private:
    Result<opamp::Component> component(const Value& value, int depth) {
        opamp::Component component;
        if (value.kind == Value::Kind::null) return component;
        if (value.kind != Value::Kind::map)
            return Error(Kind::invalid, "is not a map (with the keys metadata and components)");
        for (const auto& [key, part] : value.entries) {
            if (key.text == "metadata") {
                auto read = metadata(part);
                if (!read) return std::move(read).error().within("metadata");
                component.metadata = *std::move(read);
            } else if (key.text == "components") {
                auto parts = components(part, depth + 1);
                if (!parts) return std::move(parts).error().within("components");
                component.parts = *std::move(parts);
            } else {
                return Error(Kind::invalid, "has the key '" + base::shortened(key.text, kShownName) +
                                                "', and only metadata and components are known");
            }
        }
        return component;
    }

    static Result<opamp::Attributes> metadata(const Value& map) {
        opamp::Attributes attributes;
        if (map.kind == Value::Kind::null) return attributes;
        if (map.kind != Value::Kind::map) return Error(Kind::invalid, "is not a map of names and texts");
        for (const auto& [name, value] : map.entries) {
            if (!is_text(value) && value.kind != Value::Kind::null)
                return Error(Kind::invalid, "'" + base::shortened(name.text, kShownName) + "' is not a text");
            attributes.emplace_back(base::to_valid_utf8(name.text), base::to_valid_utf8(value.text));
        }
        return attributes;
    }

    std::size_t count_ = 0;
};

Error failure(const process::CommandResult& result) {
    const Kind kind = result.timed_out ? Kind::timeout : result.was_cut ? Kind::too_large : Kind::refused;
    return {kind, describe_failure(result)};
}

}  // namespace

Result<opamp::Components> parse_components(std::string_view text) {
    auto value = config::yaml::parse(text);
    if (!value) return std::move(value).error();
    if (value->kind != Value::Kind::map) return Error(Kind::invalid, "it is not a map from names to components");
    return Reader().components(*value, 1);
}

async::Task<Result<opamp::Components>> load_components(async::asio::any_io_executor executor,
                                                       const settings::Agent& agent, std::string instance_uid,
                                                       const Provision& provision, process::Guard* guard) {
    auto spec = command_spec(agent, agent.available_components, instance_uid, provision);
    spec.most_output = kMostOutput;
    auto result = co_await process::run_command(executor, spec, guard);
    if (!result) co_return std::move(result).error().within("listing the components");
    if (!result->succeeded()) co_return failure(*result).within("listing the components");
    auto components = parse_components(result->output);
    if (!components) co_return std::move(components).error().within("reading the list of components");
    co_return components;
}

}  // namespace supervisor
