#include "supervisor/oauth2.hpp"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>

#include "base/bytes.hpp"
#include "config/yaml.hpp"

namespace supervisor::oauth2 {
namespace {

using base::Error;
using base::Kind;
using base::Result;
using config::yaml::Value;
using namespace std::chrono_literals;

constexpr std::size_t kShownBytes = 200;
constexpr double kLongestLifetime = 10.0 * 365 * 86400;

/// Spec: HTML's application/x-www-form-urlencoded, as RFC 6749, appendix B, wants it.
std::string form_encoded(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        if (std::isalnum(static_cast<unsigned char>(c)) != 0 ||
            std::string_view("*-._").find(c) != std::string_view::npos)
            encoded += c;
        else if (c == ' ')
            encoded += '+';
        else
            for (const char digit : "%" + base::to_hex({&c, 1}))
                encoded += static_cast<char>(std::toupper(static_cast<unsigned char>(digit)));
    }
    return encoded;
}

const Value* find(const Value& map, std::string_view name) {
    for (const auto& [key, value] : map.entries)
        if (key.text == name) return &value;
    return nullptr;
}

/// A string of the JSON object, or empty.
std::string text_of(const Value& object, std::string_view name) {
    const Value* value = find(object, name);
    return value && value->kind == Value::Kind::quoted ? value->text : "";
}

/// JSON is YAML; an object is told from other YAML by its brace.
Result<Value> read_object(std::string_view body) {
    const std::size_t start = body.find_first_not_of(" \t\r\n");
    if (start == std::string_view::npos || body[start] != '{') return Error(Kind::invalid, "it is not a JSON object");
    auto value = config::yaml::parse(body);
    if (!value) return Error(Kind::invalid, "it is not JSON");  // the parser's words might repeat a part of it
    if (value->kind != Value::Kind::map) return Error(Kind::invalid, "it is not a JSON object");
    return value;
}

/// The server's words, fit for a log and without the secret.
std::string shown(const std::string& text, const Client& client) {
    if (!client.secret.empty() && text.find(client.secret) != std::string::npos) return "";
    std::string clean;
    for (const char c : base::to_valid_utf8(text)) clean += static_cast<unsigned char>(c) < 0x20 || c == 0x7F ? ' ' : c;
    return base::shortened(clean, kShownBytes);
}

Error refusal(unsigned http_status, std::string_view body, const Client& client) {
    std::string words;
    if (const auto object = read_object(body)) {
        words = shown(text_of(*object, "error"), client);
        const std::string more = shown(text_of(*object, "error_description"), client);
        if (!more.empty()) words += (words.empty() ? "" : ": ") + more;
    }
    const std::string text =
        "the token server answered " + std::to_string(http_status) + (words.empty() ? "" : ", " + words);
    return {http_status >= 500 ? Kind::io : Kind::refused, text};
}

/// Of JSON's numbers; some servers write one as a string.
Result<std::optional<base::Duration>> lifetime_of(const Value& object) {
    const Value* value = find(object, "expires_in");
    if (!value || value->kind == Value::Kind::null) return std::optional<base::Duration>();
    double seconds = 0;
    const char* const end = value->text.data() + value->text.size();
    const auto [rest, code] = std::from_chars(value->text.data(), end, seconds);
    if (value->text.empty() || code != std::errc{} || rest != end || !std::isfinite(seconds) || seconds < 0)
        return Error(Kind::invalid, "expires_in is not a number of seconds");
    const auto whole = static_cast<std::int64_t>(std::min(seconds, kLongestLifetime));
    return std::optional<base::Duration>(std::chrono::seconds(whole));
}

Result<Token> token_in(std::string_view body) {
    const auto object = read_object(body);
    if (!object) return object.error();
    std::string type = text_of(*object, "token_type");
    std::transform(type.begin(), type.end(), type.begin(), [](unsigned char c) { return std::tolower(c); });
    Token token;
    token.value = text_of(*object, "access_token");
    if (token.value.empty()) return Error(Kind::invalid, "it has no access_token");
    if (!is_bearer_token(token.value))
        return Error(Kind::invalid, "its access_token has characters that no header may have");
    if (type.empty()) return Error(Kind::invalid, "it has no token_type");
    if (type != "bearer") return Error(Kind::invalid, "its token_type is not Bearer, the only one that opampd knows");
    auto lifetime = lifetime_of(*object);
    if (!lifetime) return std::move(lifetime).error();
    token.lifetime = *lifetime;
    return token;
}

}  // namespace

std::string request_body(const std::vector<std::string>& scopes, const std::map<std::string, std::string>& params) {
    std::string body = "grant_type=client_credentials";
    std::string list;
    for (const std::string& scope : scopes) list += (list.empty() ? "" : " ") + scope;
    if (!list.empty()) body += "&scope=" + form_encoded(list);
    for (const auto& [name, value] : params) body += "&" + form_encoded(name) + "=" + form_encoded(value);
    return body;
}

std::string basic_authorization(const Client& client) {
    return "Basic " + base::to_base64(form_encoded(client.id) + ":" + form_encoded(client.secret));
}

Result<Token> read_answer(unsigned http_status, std::string_view body, const Client& client) {
    if (http_status != 200) return refusal(http_status, body, client);
    auto token = token_in(body);
    if (!token) return std::move(token).error().within("the token server's answer cannot be used");
    return token;
}

base::Duration refresh_after(base::Duration lifetime) {
    return std::max(std::min(lifetime / 10 * 9, lifetime - 10s), base::Duration::zero());
}

bool is_bearer_token(std::string_view text) {
    return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c > 0x20 && c < 0x7F; });
}

}  // namespace supervisor::oauth2
