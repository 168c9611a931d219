// Secrets in text without structure: URLs, PEM, lines.
#include <algorithm>

#include "config/redact_parts.hpp"

namespace config {
namespace {

constexpr auto kNone = std::string_view::npos;
constexpr std::string_view kBlank = " \t\r\n";

bool is_name(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
           c == '-' || static_cast<unsigned char>(c) >= 0x80;
}

std::size_t name_end(std::string_view text, std::size_t from) {
    while (from < text.size() && is_name(text[from])) ++from;
    return from;
}

/// `--password` names the same as `password`.
bool names_secret(std::string_view name, const Redactor& redactor) {
    name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
    return !name.empty() && redactor.is_secret(name);
}

std::size_t or_end(std::size_t found, std::string_view text) {
    return std::min(found, text.size());
}

/// Collects the pieces of a text that stay.
class Pieces {
public:
    explicit Pieces(std::string_view text) : text_(text) {}
    void replace(std::size_t begin, std::size_t end, std::string_view with) {
        cleaned_.text += text_.substr(copied_, begin - copied_);
        cleaned_.text += with;
        copied_ = end;
        ++cleaned_.secrets;
    }
    Cleaned take() {
        if (cleaned_.secrets > 0) cleaned_.text += text_.substr(copied_);
        return std::move(cleaned_);
    }

private:
    std::string_view text_;
    std::size_t copied_ = 0;
    Cleaned cleaned_;
};

/// The first colon that is not part of a reference.
std::size_t colon_in(std::string_view authority) {
    for (std::size_t i = 0; i < authority.size(); ++i) {
        if (authority[i] == ':') return i;
        if (authority.substr(i, 2) == "${") i = or_end(authority.find('}', i), authority);
    }
    return kNone;
}

/// Where the '@' stands that ends the credentials of a URL whose authority begins at `begin`.
std::size_t credentials_end(std::string_view text, std::size_t begin) {
    constexpr std::size_t kLongest = 1024;
    const std::size_t end = or_end(text.find_first_of(" \t\r\n/?#", begin), text);
    const std::string_view authority = text.substr(begin, end - begin);
    if (const std::size_t at = authority.rfind('@'); at != kNone) return begin + at;
    // A password with a '/' in it is no valid URL, and written all the same; a port is followed by one too.
    const std::size_t colon = colon_in(authority);
    if (colon == kNone || authority.starts_with('[')) return kNone;
    if (authority.find_first_not_of("0123456789", colon + 1) == kNone) return kNone;
    const std::string_view rest = text.substr(end, kLongest);
    const std::size_t at = rest.find_first_of(" \t\r\n@");
    return at != kNone && rest[at] == '@' ? end + at : kNone;
}

Cleaned clean_urls(std::string_view text) {
    Pieces pieces(text);
    for (std::size_t at = text.find("://"); at != kNone;) {
        const std::size_t begin = at + 3;
        at = text.find("://", begin);
        const std::size_t end = credentials_end(text, begin);
        if (end == kNone) continue;
        const std::size_t colon = colon_in(text.substr(begin, end - begin));
        if (colon == kNone) continue;
        const std::string_view password = text.substr(begin + colon + 1, end - begin - colon - 1);
        if (password.empty() || is_reference(password) || password == "REDACTED") continue;
        pieces.replace(begin + colon + 1, end, "REDACTED");
        if (at != kNone && at < end) at = text.find("://", end);
    }
    return pieces.take();
}

Cleaned clean_pem(std::string_view text) {
    constexpr std::string_view kBegin = "-----BEGIN ", kEnd = "-----END ", kDashes = "-----";
    Pieces pieces(text);
    for (std::size_t at = text.find(kBegin); at != kNone;) {
        const std::string_view label = text.substr(at + kBegin.size(), 100);
        const std::size_t label_end = label.find(kDashes);
        if (label_end == kNone || label.substr(0, label_end).find("PRIVATE KEY") == kNone) {
            at = text.find(kBegin, at + kBegin.size());
            continue;
        }
        std::size_t end = text.find(kEnd, at + kBegin.size() + label_end);
        if (end != kNone) end = text.find(kDashes, end + kEnd.size());
        end = end == kNone ? text.size() : end + kDashes.size();
        pieces.replace(at, end, kRedacted);
        at = text.find(kBegin, end);
    }
    return pieces.take();
}

/// `password=…` anywhere, `password = …` at the start: from the value on everything is secret.
Cleaned clean_assignment(std::string_view text, const Redactor& redactor) {
    for (std::size_t equals = text.find('='); equals != kNone; equals = text.find('=', equals + 1)) {
        std::size_t name_stop = equals;
        while (name_stop > 0 && kBlank.find(text[name_stop - 1]) != kNone) --name_stop;
        std::size_t name = name_stop;
        while (name > 0 && name_stop - name < 256 && is_name(text[name - 1])) --name;
        const std::size_t value = text.find_first_not_of(kBlank, equals + 1);
        if (value == kNone) break;
        const bool spaced = name_stop != equals || value != equals + 1;
        if (text[value] == '=' || (spaced && name > 0)) continue;
        if (!names_secret(text.substr(name, name_stop - name), redactor)) continue;
        if (is_reference(text.substr(value))) continue;
        Pieces pieces(text);
        pieces.replace(value, text.size(), kRedacted);
        return pieces.take();
    }
    return {};
}

Cleaned joined(Cleaned first, std::string_view original, Cleaned (*next)(std::string_view)) {
    Cleaned second = next(first.secrets > 0 ? std::string_view(first.text) : original);
    if (second.secrets == 0) return first;
    second.secrets += first.secrets;
    return second;
}

}  // namespace

bool is_reference(std::string_view value) {
    if (!value.starts_with("${") || !value.ends_with('}')) return false;
    value = value.substr(2, value.size() - 3);
    if (value.starts_with("env:")) value.remove_prefix(4);
    return !value.empty() && name_end(value, 0) == value.size();
}

Cleaned clean_text(std::string_view text) {
    return joined(clean_pem(text), text, clean_urls);
}

Cleaned clean_scalar(std::string_view text, const Redactor& redactor) {
    return joined(joined(clean_assignment(text, redactor), text, clean_pem), text, clean_urls);
}

}  // namespace config
