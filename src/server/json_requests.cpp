// What the REST interface takes, read from JSON.
#include <algorithm>
#include <boost/json.hpp>

#include "server/json.hpp"

namespace server {
namespace {

namespace json = boost::json;

base::Error expected(const std::string& what) {
    return base::Error(base::Kind::invalid, "expected " + what);
}

base::Result<opamp::ConfigFile> file_from(const json::value& value, const std::string& name) {
    const json::object* object = value.if_object();
    if (object == nullptr) return expected("an object with \"body\" as files." + name);
    const json::value* body = object->if_contains("body");
    if (body == nullptr || !body->is_string()) return expected("a text as files." + name + ".body");
    opamp::ConfigFile file{std::string(body->get_string()), {}};
    if (const json::value* type = object->if_contains("content_type")) {
        if (!type->is_string()) return expected("a text as files." + name + ".content_type");
        file.content_type = std::string(type->get_string());
    }
    return file;
}

bool has_control_character(std::string_view text) {
    return std::any_of(text.begin(), text.end(),
                       [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
}

}  // namespace

base::Result<std::string> parse_sampler(std::string_view text) {
    json::error_code code;
    const json::value document = json::parse(json::string_view(text.data(), text.size()), code);
    const json::object* object = code ? nullptr : document.if_object();
    const json::value* sampler = object != nullptr ? object->if_contains("sampler") : nullptr;
    constexpr std::size_t kMostBytes = 1024;
    if (sampler == nullptr || !sampler->is_string() || sampler->get_string().empty())
        return expected("{\"sampler\": \"always_on\"}");
    if (const std::size_t bytes = sampler->get_string().size(); bytes > kMostBytes)
        return base::Error(base::Kind::invalid,
                           "sampler: the text has " + std::to_string(bytes) + " bytes, and 1024 are the most");
    return std::string(sampler->get_string());
}

base::Result<opamp::ConfigMap> parse_config(std::string_view text) {
    json::error_code code;
    const json::value document = json::parse(json::string_view(text.data(), text.size()), code);
    if (code)
        return base::Error(base::Kind::invalid, "the body is not JSON: " + code.message())
            .hint("POST takes one file as the body");
    const json::object* object = document.if_object();
    const json::value* files = object != nullptr ? object->if_contains("files") : nullptr;
    if (files == nullptr || !files->is_object()) return expected("{\"files\": {\"name\": {\"body\": \"…\"}}}");
    opamp::ConfigMap config;
    for (const auto& entry : files->get_object()) {
        const std::string name(entry.key());
        if (has_control_character(name))
            return base::Error(base::Kind::invalid, "a file's name has control characters");
        auto file = file_from(entry.value(), name);
        if (!file) return std::move(file).error();
        config[name] = std::move(*file);
    }
    return config;
}

}  // namespace server
