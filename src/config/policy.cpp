#include "config/policy.hpp"

#include <algorithm>

#include "base/bytes.hpp"
#include "config/entries.hpp"
#include "config/key_rules.hpp"
#include "config/yaml.hpp"

namespace config {
namespace {

using base::Error;
using base::Kind;
using base::Result;

bool has_match(const std::vector<std::string>& globs, std::string_view text) {
    return std::any_of(globs.begin(), globs.end(), [&](const auto& glob) { return matches_glob(glob, text); });
}

Result<void> check_size(const RemotePolicy& policy, const opamp::ConfigMap& files) {
    std::uint64_t bytes = 0;
    for (const auto& [name, file] : files) bytes += file.body.size();
    if (policy.max_bytes == 0 || bytes <= policy.max_bytes) return {};
    return Error(Kind::too_large, "the entries have " + std::to_string(bytes) + " bytes together, and max_bytes is " +
                                      std::to_string(policy.max_bytes))
        .hint("offer less, or raise max_bytes");
}

Result<void> check_outside(const RemotePolicy& policy, const std::string& name, const opamp::ConfigFile& file) {
    if (!policy.allowed_entries.empty() && !has_match(policy.allowed_entries, name))
        return Error(Kind::invalid, entry_name(name) + " is not one that allowed_entries has")
            .hint("leave it out, or add it to allowed_entries");
    if (policy.allowed_content_types.empty()) return {};
    const std::string type = media_type(file.content_type);
    for (const std::string& glob : policy.allowed_content_types)
        if (matches_glob(media_type(glob), type)) return {};
    return Error(Kind::invalid, entry_name(name) + " has the content type " + base::json_string(file.content_type) +
                                    ", which allowed_content_types does not have")
        .hint("change it, or add it to allowed_content_types");
}

/// Where readers of YAML disagree on what ends a line, or a text, one would see a key in what is a comment to another.
Result<void> check_characters(std::string_view text) {
    const auto refusal = [](const char* what) {
        return Error(Kind::invalid, std::string("it has ") + what + ", which readers of YAML do not agree about")
            .hint("write it as an escape in a quoted text");
    };
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto byte = static_cast<unsigned char>(text[i]);
        const std::string_view rest = text.substr(i);
        if (byte == '\r' && !rest.starts_with("\r\n")) return refusal("a carriage return alone");
        if ((byte < 0x20 && byte != '\t' && byte != '\n' && byte != '\r') || byte == 0x7F)
            return refusal("a control character");
        if (byte < 0x80) continue;
        if (rest.starts_with("\xC2\x85") || rest.starts_with("\xE2\x80\xA8") || rest.starts_with("\xE2\x80\xA9"))
            return refusal("a line separator of Unicode");
        if (i > 0 && rest.starts_with("\xEF\xBB\xBF")) return refusal("a byte order mark in its midst");
    }
    if (base::to_valid_utf8(text) != text) return Error(Kind::invalid, "it is not UTF-8").hint("write it as UTF-8");
    return {};
}

Result<void> check_keys(const KeyRules& rules, const std::string& body) {
    if (auto fine = check_characters(body); !fine) return fine;
    const auto documents = yaml::parse_documents(body);
    if (!documents) return documents.error();
    for (const yaml::Value& document : *documents)
        if (auto fine = rules.check(document); !fine) return fine;
    return {};
}

}  // namespace

Result<void> check_patterns(const RemotePolicy& policy) {
    const auto rules = KeyRules::make(policy);
    if (!rules) return rules.error();
    return {};
}

Result<void> check(const RemotePolicy& policy, const opamp::ConfigMap& files, Format format) {
    const auto rules = KeyRules::make(policy);
    if (!rules) return rules.error();
    if (auto fine = check_size(policy, files); !fine) return fine;
    for (const auto& [name, file] : files) {
        if (auto fine = check_outside(policy, name, file); !fine) return fine;
        if (rules->empty()) continue;
        if (is_yaml(name, file, format)) {
            if (auto fine = check_keys(*rules, file.body); !fine)
                return std::move(fine).error().within(entry_name(name));
        } else if (std::find(policy.allowed_entries.begin(), policy.allowed_entries.end(), name) ==
                   policy.allowed_entries.end()) {
            return Error(Kind::invalid, entry_name(name) + " is not YAML, so its keys cannot be checked")
                .hint("leave it out, or write its name, without * or ?, in allowed_entries");
        }
    }
    return {};
}

}  // namespace config
