// Secrets in configs that are not YAML: ini, properties, nginx, HAProxy, broken YAML.
#include <algorithm>

#include "config/redact_parts.hpp"

namespace config {
namespace {

constexpr auto kNone = std::string_view::npos;
constexpr std::string_view kBlank = " \t";
constexpr std::string_view kNotName = " \t\"'`=:;,<>()[]{}|&#!?@*/\\$%^~+";

/// What a line says of a secret.
struct Found {
    std::size_t value;         ///< Where the value begins; may be the line's end.
    bool ends_with_semicolon;  ///< Of the form `key value;`.
};

/// Where the value begins if a separator follows the name that ends at `end`.
std::size_t value_after(std::string_view line, std::size_t begin, std::size_t end) {
    const bool element = begin > 0 && line[begin - 1] == '<' && end < line.size() && line[end] == '>';
    std::size_t at = end;
    while (at < line.size() && (line[at] == '"' || line[at] == '\'' || line[at] == ']')) ++at;
    at = std::min(line.find_first_not_of(kBlank, at), line.size());
    if (at == line.size()) return kNone;
    if (!element && line[at] != '=' && line[at] != ':') return kNone;
    if (line.substr(at, 3) == "://") return kNone;
    at = std::min(line.find_first_not_of("=:>", at), line.size());
    return std::min(line.find_first_not_of(kBlank, at), line.size());
}

std::optional<Found> find(std::string_view line, const Redactor& redactor) {
    std::size_t begin = line.find_first_not_of(kNotName);
    for (bool first = true; begin != kNone; first = false) {
        const std::size_t end = std::min(line.find_first_of(kNotName, begin), line.size());
        std::string_view name = line.substr(begin, end - begin);
        name.remove_prefix(std::min(name.find_first_not_of('-'), name.size()));
        const std::size_t value = value_after(line, begin, end);
        const bool spaced = first && begin == line.find_first_not_of(kBlank) && value == kNone && end < line.size() &&
                            kBlank.find(line[end]) != kNone;
        if ((value != kNone || spaced) && !name.empty() && redactor.is_secret(name)) {
            if (!spaced) return Found{value, false};
            return Found{std::min(line.find_first_not_of(kBlank, end), line.size()), line.ends_with(';')};
        }
        begin = line.find_first_not_of(kNotName, end);
    }
    return std::nullopt;
}

/// A brace, or a block scalar's header: the value is in the lines below.
bool only_opens(std::string_view value) {
    const bool block = value.starts_with('|') || value.starts_with('>');
    return value.find_first_not_of(block ? "|>+-0123456789 \t" : "{[( \t") == kNone;
}

bool is_reference_value(std::string_view value) {
    while (!value.empty() && std::string_view(" \t;,\"'").find(value.back()) != kNone) value.remove_suffix(1);
    while (!value.empty() && (value.front() == '"' || value.front() == '\'')) value.remove_prefix(1);
    return is_reference(value);
}

/// The quote that `value` opens and does not close; empty if none.
std::string_view open_quote(std::string_view value) {
    for (const std::string_view quote : {"\"\"\"", "'''", "\"", "'"}) {
        if (!value.starts_with(quote)) continue;
        std::size_t end = value.find(quote, quote.size());
        while (quote == "\"" && end != kNone && value[end - 1] == '\\') end = value.find(quote, end + 1);
        return end == kNone ? quote : std::string_view();
    }
    return {};
}

class Lines {
public:
    explicit Lines(const Redactor& redactor) : redactor_(redactor) {}

    std::string run(std::string_view text) {
        for (std::size_t begin = 0; begin < text.size();) {
            const std::size_t newline = text.find('\n', begin);
            const std::size_t next = newline == kNone ? text.size() : newline + 1;
            std::string_view line = text.substr(begin, next - begin);
            const std::size_t content = line.find_last_not_of("\r\n") + 1;
            one(line.substr(0, content));
            out_ += line.substr(content);
            begin = next;
        }
        return std::move(out_);
    }

private:
    void one(std::string_view line) {
        const std::size_t indent = line.find_first_not_of(kBlank);
        if (belongs_to_secret(line, indent)) {
            out_ += line.substr(0, indent);
            out_ += kRedacted;
        } else if (const auto found = indent == kNone ? std::nullopt : find(line, redactor_)) {
            secret(line, indent, *found);
        } else {
            out_ += line;
        }
    }

    /// Whether the line goes on with the value of a line before.
    bool belongs_to_secret(std::string_view line, std::size_t indent) {
        if (indent == kNone) return false;
        if (!quote_.empty()) {
            if (line.find(quote_) != kNone) quote_ = {};
            return true;
        }
        const bool continued = continued_;
        continued_ = continued && line.ends_with('\\');
        if (continued) return true;
        if (!below_) return false;
        if (indent > *below_ || (empty_ && indent == *below_ && line[indent] == '-'))
            return line.find_first_not_of(" \t{}[](),;") != kNone;
        below_.reset();
        return false;
    }

    void secret(std::string_view line, std::size_t indent, const Found& found) {
        const std::string_view value = line.substr(found.value);
        below_ = indent;
        empty_ = value.empty();
        if (value.empty() || only_opens(value) || is_reference_value(value)) {
            out_ += line;
            return;
        }
        quote_ = open_quote(value);
        continued_ = value.ends_with('\\');
        out_ += line.substr(0, found.value);
        out_ += kRedacted;
        if (found.ends_with_semicolon) out_ += ';';
    }

    const Redactor& redactor_;
    std::string out_;
    std::optional<std::size_t> below_;  ///< The indent of a secret's key: what is indented more belongs to it.
    bool empty_ = false;                ///< That key had no value on its line.
    bool continued_ = false;            ///< The line before ended with a backslash.
    std::string_view quote_;            ///< Opened by a secret, not closed yet.
};

}  // namespace

std::string redact_lines(std::string_view text, const Redactor& redactor) {
    const Cleaned cleaned = clean_text(text);
    return Lines(redactor).run(cleaned.secrets > 0 ? std::string_view(cleaned.text) : text);
}

}  // namespace config
