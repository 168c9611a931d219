#include "config/redact.hpp"

#include <algorithm>

#include "config/redact_parts.hpp"

namespace config {
namespace {

char lower(char c) {
    return static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
}

/// Whether all of `text` matches. The last star alone is tried again, so that the time is a product at worst.
bool matches(std::string_view glob, std::string_view text) {
    std::size_t at = 0, in_glob = 0;
    std::size_t star = std::string_view::npos, retry = 0;
    while (at < text.size()) {
        if (in_glob < glob.size() && glob[in_glob] == '*') {
            star = in_glob++;
            retry = at;
        } else if (in_glob < glob.size() && (glob[in_glob] == '?' || glob[in_glob] == lower(text[at]))) {
            ++in_glob;
            ++at;
        } else if (star != std::string_view::npos) {
            in_glob = star + 1;
            at = ++retry;
        } else {
            return false;
        }
    }
    return glob.find_first_not_of('*', in_glob) == std::string_view::npos;
}

/// UTF-16 and UTF-32, by their first bytes.
bool is_wide(std::string_view text) {
    return text.starts_with("\xFE\xFF") || text.starts_with("\xFF\xFE") ||
           text.substr(0, 4).find('\0') != std::string_view::npos;
}

}  // namespace

const std::vector<std::string>& default_patterns() {
    static const std::vector<std::string> kPatterns{"*password*",
                                                    "*passwd*",
                                                    "*passphrase*",
                                                    "pass",
                                                    "pwd",
                                                    "*_pwd",
                                                    "*secret*",
                                                    "*token*",
                                                    "*api_key*",
                                                    "*api-key*",
                                                    "*apikey*",
                                                    "*access_key*",
                                                    "*access-key*",
                                                    "*accesskey*",
                                                    "*private_key*",
                                                    "*private-key*",
                                                    "*privatekey*",
                                                    "key_pem",
                                                    "*license_key*",
                                                    "*license-key*",
                                                    "*licensekey*",
                                                    "*account_key*",
                                                    "*accountkey*",
                                                    "*shared_key*",
                                                    "*credential*",
                                                    "authorization",
                                                    "*-authorization",
                                                    "*bearer*",
                                                    "*cookie*",
                                                    "x-*-team",
                                                    "*connection_string*",
                                                    "*connectionstring*",
                                                    "sas_key",
                                                    "sasl.jaas.config"};
    return kPatterns;
}

Redactor::Redactor(std::vector<std::string> patterns) : patterns_(std::move(patterns)) {
    for (std::string& pattern : patterns_) std::transform(pattern.begin(), pattern.end(), pattern.begin(), lower);
}

bool Redactor::is_secret(std::string_view key) const {
    return std::any_of(patterns_.begin(), patterns_.end(),
                       [&](const std::string& pattern) { return matches(pattern, key); });
}

std::string Redactor::redact(std::string_view text) const {
    if (is_wide(text)) return std::string(kRedacted);
    if (auto yaml = redact_yaml(text, *this)) return yaml->secrets == 0 ? std::string(text) : std::move(yaml->text);
    return redact_lines(text, *this);
}

void Redactor::redact_in_place(std::string& text) const {
    if (is_wide(text)) {
        text = kRedacted;
    } else if (auto yaml = redact_yaml(text, *this)) {
        if (yaml->secrets != 0) text = std::move(yaml->text);
    } else {
        text = redact_lines(text, *this);
    }
}

std::string Redactor::redact_output(std::string_view text) const {
    const std::string lines = redact_lines(text, *this);
    std::string_view rest = lines;
    std::string clean;
    while (!rest.empty()) {
        const std::string_view line = rest.substr(0, rest.find('\n'));
        const Cleaned cleaned = clean_scalar(line, *this);
        clean += cleaned.secrets == 0 ? line : cleaned.text;
        rest.remove_prefix(line.size());
        if (!rest.empty()) {
            clean += '\n';
            rest.remove_prefix(1);
        }
    }
    return clean;
}

}  // namespace config
